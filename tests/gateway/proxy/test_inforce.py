"""The policies in force: at the start, while their folder changes, and after a restart."""

import asyncio
import json
import logging
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from detectors.contract import Factory, TextDetector
from detectors.registry import Catalog, DetectorError
from gateway.config.detectors import PiiDetector
from gateway.proxy import inforce as module
from gateway.proxy.inforce import InForce, Source
from gateway.proxy.plans import Detectors
from gateway.proxy.reload import PolicyFolder
from gateway.proxy.versions import Versions
from policies.load import PolicyError
from policies.policy import Rule
from policies.subject import Subject
from tests.support.waiting import eventually

KEY = b"k" * 32
ROLLOUT = "name: next\nmode: {}\nrollout: {{of: default, percent: 50}}\n"
BAD = "name: default\nmode: off\n"
NEW = "name: default\nrules: [{id: new, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: flag}]\n"


class World:
    """A folder of policies, one to keep things in, and what is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "policies"
        self.keep_dir = folder / "var"
        self.folder.mkdir()
        self.told: list[tuple[str, ...]] = []
        self.write("default", "no")

    def write(self, name: str, message: str = "", text: str = "") -> None:
        (self.folder / f"{name}.yaml").write_text(text or f"name: {name}\nrespond: {{message: '{message}'}}\n")

    def begin(self, detectors: Detectors | None = None, **source: object) -> InForce:
        shape = {"folder": self.folder, "library": self.folder, "default": "default", "required": (), "keep_dir": self.keep_dir}
        return InForce(Source(**shape | source), Catalog(), detectors or Detectors(PiiDetector()), KEY, lambda: 7.0, self)

    # Who counts what happens.
    def policies_reloaded(self, result: str) -> None:
        self.told.append(("reloaded", result))

    def rollout_counted(self, name: str, side: str, decision: str) -> None:
        self.told.append((name, side, decision))

    def rollout_changed(self, name: str, change: str) -> None:
        self.told.append((name, change))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(module, "_POLL_S", 0.002)
    return World(tmp_path)


async def warm(_: list[Factory]) -> None:
    pass


@asynccontextmanager
async def watching(policies: InForce, warm: object = warm) -> AsyncIterator[InForce]:
    watch = asyncio.get_running_loop().create_task(policies.watch(warm))
    try:
        yield policies
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


def message(policies: InForce) -> str:
    return policies.choose(Subject("", "m", "chat"), None, "r").policy.respond.message


async def kept(world: World) -> Path:
    path = world.keep_dir / "policies-last-good"
    await eventually(path.exists)
    return path


async def test_a_change_is_taken_up_and_kept(world: World):
    """It decides, is told, and is what a start with a broken folder begins with."""
    async with watching(world.begin()) as policies:
        await kept(world)
        assert (message(policies), policies.is_degraded) == ("no", False)
        world.write("default", "changed")
        await eventually(lambda: message(policies) == "changed")
        await eventually(lambda: b"changed" in (world.keep_dir / "policies-last-good").read_bytes())
    assert world.told == [("reloaded", "ok")]
    world.write("default", text=BAD)
    assert message(world.begin()) == "changed"


async def test_a_start_with_a_broken_folder(world: World, caplog: pytest.LogCaptureFixture):
    """It begins with the last good policies, says so and why, until the folder is mended; what was kept stays till then."""
    async with watching(world.begin()):
        path = await kept(world)
    before = path.read_bytes()
    world.write("default", text=BAD)
    async with watching(world.begin()) as policies:
        assert policies.is_degraded
        assert [problem.rpartition("/")[2] for problem in policies.status()["rejected"]] == [
            "default.yaml:2: mode: 'off' is not allowed here; allowed: enforce, shadow"
        ]
        assert "degraded: the policies cannot be used; the last good ones, of 1970-01-01 00:00 UTC, are in force" in caplog.text
        assert "default.yaml:2: mode" in caplog.text
        assert path.read_bytes() == before
        world.write("default", "mended")
        await eventually(lambda: message(policies) == "mended")
        assert (policies.is_degraded, policies.status()["rejected"]) == (False, [])


async def test_a_start_with_policies_that_no_detector_can_honour(world: World):
    """What looks well and cannot be made is a broken folder too."""

    class Broken(Detectors):
        def of(self, rule: Rule) -> Sequence[TextDetector]:
            if rule.id == "new":
                raise DetectorError("too much")
            return super().of(rule)

    world.write("default", text=NEW)
    with pytest.raises(DetectorError, match="too much"):
        world.begin(detectors=Broken(PiiDetector()))
    world.write("default", "no")
    async with watching(world.begin()):
        await kept(world)
    world.write("default", text=NEW)
    async with watching(world.begin(detectors=Broken(PiiDetector()))) as policies:
        assert (message(policies), policies.status()["rejected"]) == ("no", ["too much"])
        world.write("default", "mended")
        await eventually(lambda: message(policies) == "mended")
    world.write("default", text=NEW)
    with pytest.raises(PolicyError, match="no policy named other"):
        world.begin(detectors=Broken(PiiDetector()), required=["other"])


async def test_a_policy_that_nobody_uses(world: World):
    """That no detector can honour it stops no start and no change; naming it does."""

    class Broken(Detectors):
        def of(self, rule: Rule) -> Sequence[TextDetector]:
            raise DetectorError("too much")

    world.write("other", text=NEW.replace("name: default", "name: other"))
    async with watching(world.begin(detectors=Broken(PiiDetector()))) as policies:
        assert (message(policies), policies.is_degraded) == ("no", False)
        world.write("default", "changed")
        await eventually(lambda: message(policies) == "changed")
        assert policies.status()["rejected"] == []
        assert {each["name"]: each["is_choosable"] for each in policies.status()["policies"]} == {"default": True, "other": False}
    (world.keep_dir / "policies-last-good").unlink()
    with pytest.raises(DetectorError, match="too much"):
        world.begin(detectors=Broken(PiiDetector()), required=["other"])


async def test_a_first_start_with_a_broken_folder(world: World):
    """There is nothing good to begin with."""
    world.write("default", text=BAD)
    with pytest.raises(PolicyError, match="'off' is not allowed here"):
        world.begin()


async def test_what_was_kept_is_damaged(world: World, caplog: pytest.LogCaptureFixture):
    """Then there is nothing good either, and it is said."""
    async with watching(world.begin()):
        path = await kept(world)
    path.write_bytes(path.read_bytes()[:-1])
    world.write("default", text=BAD)
    with pytest.raises(PolicyError):
        world.begin()
    assert "cannot be used either" in caplog.text
    assert "is damaged" in caplog.text


async def test_what_comes_with_the_package_is_not_kept(world: World):
    """It is always there."""
    async with watching(world.begin(folder=None)) as policies:
        assert message(policies) == "no"
        await asyncio.sleep(0.05)
    assert not world.keep_dir.exists()


async def test_what_cannot_be_kept(world: World, caplog: pytest.LogCaptureFixture):
    """It is said, and is no reason not to serve."""
    world.keep_dir.write_text("in the way")
    async with watching(world.begin()) as policies:
        await eventually(lambda: "the policies cannot be kept" in caplog.text)
        world.write("default", "changed")
        await eventually(lambda: message(policies) == "changed")


async def test_a_pool_that_cannot_take_the_new_ones(world: World):
    """The last good ones stay, and it is told; the next change is taken up."""
    fails = [True]

    async def warm(_: list[Factory]) -> None:
        if fails:
            fails.clear()
            raise RuntimeError("no worker")

    async with watching(world.begin(), warm) as policies:
        world.write("default", "changed")
        await eventually(lambda: policies.is_degraded)
        assert (message(policies), policies.status()["rejected"]) == ("no", ["no worker"])
        world.write("default", "again")
        await eventually(lambda: message(policies) == "again")
    assert world.told == [("reloaded", "rejected"), ("reloaded", "ok")]


async def test_a_rollout_by_hand_outlasts_a_restart(world: World, caplog: pytest.LogCaptureFixture):
    """What somebody said is written down by the time that it is answered, for its owner's eyes only, and in the log."""
    caplog.set_level(logging.INFO)
    world.write("next", text=ROLLOUT.format("enforce"))
    policies = world.begin()
    assert (await policies.act("next", "rollback"))["state"] == "rolled_back"
    path = world.keep_dir / "rollouts.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(path.read_bytes().partition(b"\n")[2])["settled"]) == [policies.status()["rollouts"][0]["version"]]
    (row,) = world.begin().status()["rollouts"]
    assert (row["state"], row["settled"]) == ("rolled_back", {"by": "hand", "at": 7.0})
    assert "rolled_back (by hand)" in caplog.text
    assert world.told == [("next", "rolled_back")]
    with pytest.raises(KeyError):
        await policies.act("default", "promote")


async def test_what_becomes_of_a_rollout_is_written_down(world: World):
    """Also what nobody waits for: by the watch, and at the end."""
    world.write("next", text=ROLLOUT.format("enforce"))
    path = world.keep_dir / "rollouts.json"
    async with watching(world.begin()) as policies:
        policies.rollouts.act("next", "promote")
        await eventually(path.exists)
    policies.rollouts.act("next", "rollback")
    await policies.close()
    assert "rolled_back" in path.read_text()


async def test_a_state_that_cannot_be_written(world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """It is in force all the same; whoever asked for it hears of it."""

    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(module, "replace_file", full)
    world.write("next", text=ROLLOUT.format("enforce"))
    policies = world.begin()
    with pytest.raises(OSError, match="no space"):
        await policies.act("next", "rollback")
    assert policies.status()["rollouts"][0]["state"] == "rolled_back"
    policies.rollouts.act("next", "promote")
    await policies.close()
    assert "a restart would undo it" in caplog.text


_UNSIGNED = '{"v": 2, "settled": {}}'


@pytest.mark.parametrize("content", ["{", "[]", "folder", "", _UNSIGNED, f"{'0' * 64}\n{_UNSIGNED}", f"\n{_UNSIGNED}"])
async def test_a_state_that_cannot_be_read(world: World, content: str, caplog: pytest.LogCaptureFixture):
    """New versions get nothing, and it is said; also where it says that nothing was rolled back, but nobody has signed that."""
    world.write("next", text=ROLLOUT.format("enforce"))
    path = world.keep_dir / "rollouts.json"
    world.keep_dir.mkdir()
    path.mkdir() if content == "folder" else path.write_text(content)
    (row,) = world.begin().status()["rollouts"]
    assert (row["state"], row["settled"]["by"]) == ("rolled_back", "loss")
    assert "rollouts.json is damaged, or was kept under another secret_key" in caplog.text


@pytest.mark.parametrize(("mode", "is_said"), [("shadow", True), ("enforce", False)])
async def test_a_new_version_that_enforces_nothing(world: World, mode: str, is_said: bool, caplog: pytest.LogCaptureFixture):
    """Nothing weakens without being said."""
    world.write("next", text=ROLLOUT.format(mode))
    world.begin()
    assert ("next only says what it would do: its part of default's exchanges is not enforced" in caplog.text) is is_said


async def test_a_promoted_version_eclipses_the_old_one(world: World, caplog: pytest.LogCaptureFixture):
    """An edit that changes no traffic is said to be one, in the log and in the status."""
    world.write("next", text=ROLLOUT.format("enforce"))
    said = "default gets no exchanges, whatever is edited in it: next is promoted, and decides them all"
    async with watching(world.begin()) as policies:
        assert policies.status()["warnings"] == []
        await policies.act("next", "promote")
        assert said not in caplog.text
        world.write("default", "edited")
        await eventually(lambda: said in caplog.text)
        assert policies.status()["warnings"] == [said]


async def test_versions_are_kept_for_replay(world: World):
    """Each that was in force can be found again by its version, also when its file says something else."""
    async with watching(world.begin()) as policies:
        await kept(world)
        before = policies.status()["policies"][0]["version"]
        world.write("default", "changed")
        await eventually(lambda: message(policies) == "changed")
        after = policies.status()["policies"][0]["version"]
        await eventually(lambda: Versions(world.keep_dir).find(after))
    messages = [found.respond.message for version in (before, after) if (found := Versions(world.keep_dir).find(version))]
    assert messages == ["no", "changed"]


async def test_plans_and_rollouts_change_together(world: World):
    """A new version gets its turn as soon as it is in force, and never when it is gone."""
    world.write("next", text=ROLLOUT.format("enforce"))
    async with watching(world.begin()) as policies:
        names = {policies.choose(Subject("", "m", "chat"), None, f"r{index}").policy.name for index in range(100)}
        assert names == {"default", "next"}
        (world.folder / "next.yaml").unlink()
        await eventually(lambda: not policies.rollouts.status())
        names = {policies.choose(Subject("", "m", "chat"), None, f"r{index}").policy.name for index in range(100)}
        assert names == {"default"}


async def test_a_folder_that_takes_too_long(world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """While it is read for too long, that is said, and what is in force is degraded; it is over when it has been read."""
    monkeypatch.setattr(module, "_SLOW_S", 0.01)
    go_on = threading.Event()
    poll = PolicyFolder.poll
    monkeypatch.setattr(PolicyFolder, "poll", lambda folder: (go_on.wait(60), poll(folder))[1])
    async with watching(world.begin()) as policies:
        assert not policies.is_degraded
        await eventually(lambda: policies.is_degraded)
        assert "degraded: the policies have been read for more than" in caplog.text
        assert message(policies) == "no"
        monkeypatch.setattr(module, "_SLOW_S", 600)
        world.write("default", "changed")
        go_on.set()
        await eventually(lambda: message(policies) == "changed")
        await eventually(lambda: not policies.is_degraded)


async def test_a_pipe_among_the_policies(world: World):
    """Nobody waits for who might write into it: the policies beside it stay in force, and it is named."""
    async with watching(world.begin()) as policies:
        os.mkfifo(world.folder / "default.calibration.json")
        await eventually(lambda: policies.is_degraded)
        assert [said.rpartition("/")[2] for said in policies.status()["rejected"]] == [
            "default.calibration.json: this is not an ordinary file"
        ]
    with pytest.raises(PolicyError, match="not an ordinary file"):
        world.begin(keep_dir=world.folder / "none")


async def test_labels_that_nobody_is_trusted_to_say(world: World, caplog: pytest.LogCaptureFixture):
    """A policy that hangs on one is in force, with a warning in the log and in the status, also after a change."""
    async with watching(world.begin(untrusted=("group",))) as policies:
        assert policies.status()["warnings"] == []
        world.write("default", text="name: default\ndomain: {groups: [staff]}\n")
        await eventually(lambda: policies.status()["warnings"])
        (said,) = policies.status()["warnings"]
        assert said.startswith("default: domain.groups hangs on x-oddgate-group")
        assert said in caplog.text
        assert not policies.is_degraded


async def test_a_worker_that_is_led(world: World):
    """It takes changes up like the one that leads, and keeps and tells nothing of what that one keeps and tells."""
    world.write("next", text=ROLLOUT.format("enforce"))
    source = Source(world.folder, world.folder, "default", (), world.keep_dir)
    policies = InForce(source, Catalog(), Detectors(PiiDetector()), KEY, lambda: 7.0, world, leads=False)
    async with watching(policies):
        world.write("default", "new")
        await eventually(lambda: ("reloaded", "ok") in world.told)
        await policies.act("next", "rollback")
        assert message(policies) == "new"
    await policies.close()
    assert not world.keep_dir.exists()
    assert world.told == [("reloaded", "ok")]
