"""The last good set of policies, as it comes back."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.registry import Catalog
from gateway.proxy import lastgood as module
from gateway.proxy.keeping import signed
from gateway.proxy.lastgood import LastGood, UnusableError
from gateway.proxy.reload import PolicyFolder, Reloaded, Snapshot
from policies.load import PolicyError, library, load_dir

KEY = b"k" * 32
FULL = """
name: full
extends: [default]
description: Everything that has a shape of its own.
rollout: {of: default, percent: 12.5, by: user}
applies_to: {models: ["gpt-*"]}
domain:
  hours: {days: [mon], start: "08:00", end: "17:00", timezone: Europe/Budapest}
  request: {temperature: {max: 1.2}}
  tools: {arguments: {pay: {type: object, properties: {sum: {type: number, maximum: 10}}}}}
rules:
  - {id: t, detect: pii, entities: [TICKET], patterns: [{name: TICKET, regex: 'T-[0-9]{6}'}], action: block, when: 'exchange.model == "x"'}
flows:
  - {id: f, from: tool_results.read, to: tool_arguments.send.to, unless: [user]}
expect: {max_block_rate: 0.5}
"""


def kept(tmp_path: Path) -> LastGood:
    return LastGood(tmp_path / "var" / "last", tmp_path / "policies", KEY)


def snapshot(folder: Path) -> Snapshot:
    return Snapshot(load_dir(folder, Catalog()), 7.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "default.yaml").write_text((library() / "default.yaml").read_text())
    (folder / "full.yaml").write_text(FULL)
    return folder


def test_it_comes_back_as_it_was(tmp_path: Path, folder: Path):
    """The same policies with the same digests and origins, whatever has become of the folder."""
    before = snapshot(folder)
    kept(tmp_path).keep(before)
    for path in folder.iterdir():
        path.write_text("name: [")
    after = kept(tmp_path).read(Catalog())
    assert after == before
    given = [[each.model_fields_set for each in (*taken.policies["full"].policy.rules,)] for taken in (before, after)]
    assert given[0] == given[1]


def test_a_default_that_has_changed(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Where another version would make something else of what a file leaves out, it is not that set any more."""
    kept(tmp_path).keep(snapshot(folder))
    monkeypatch.setattr(module, "_says", lambda _: "something else")
    with pytest.raises(UnusableError, match="another version"):
        kept(tmp_path).read(Catalog())


def test_every_policy_of_the_library(tmp_path: Path):
    """None has anything that does not survive."""
    before = snapshot(library())
    kept(tmp_path).keep(before)
    assert kept(tmp_path).read(Catalog()) == before


def test_nothing_was_kept(tmp_path: Path):
    """Then there is nothing, which is no error."""
    assert kept(tmp_path).read(Catalog()) is None


def test_what_is_kept_is_nobody_elses(tmp_path: Path, folder: Path):
    """Readable for its owner alone; a gateway with another folder does not take it."""
    kept(tmp_path).keep(snapshot(folder))
    path = tmp_path / "var" / "last"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UnusableError, match="of another folder"):
        LastGood(path, tmp_path / "elsewhere", KEY).read(Catalog())


@pytest.mark.parametrize("how", ["other key", "one byte", "cut", "appended", "no signature", "empty", "folder"])
def test_what_is_not_ours(tmp_path: Path, folder: Path, how: str):
    """Whatever was not written whole with the gateway's key is refused, and no word of it said."""
    kept(tmp_path).keep(snapshot(folder))
    path = tmp_path / "var" / "last"
    content = path.read_bytes()
    signature, _, body = content.partition(b"\n")
    key = b"o" * 32 if how == "other key" else KEY
    match how:
        case "one byte":
            path.write_bytes(content.replace(b'"block"', b'"allow"', 1))
        case "cut":
            path.write_bytes(content[:-1])
        case "appended":
            path.write_bytes(content + b" ")
        case "no signature":
            path.write_bytes(body)
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.unlink()
            path.mkdir()
    with pytest.raises(UnusableError) as raised:
        LastGood(path, folder, key).read(Catalog())
    assert str(path) in str(raised.value)
    assert "TICKET" not in str(raised.value)
    assert len(signature) == 64


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"v": None}, {"policies": None}, {"policies": [{}]}, {"loaded_at": "now"}, {"policies": [{"policy": {"nme": 1}}]}]
)
def test_another_version(tmp_path: Path, folder: Path, change: dict):
    """What another version of oddgate has signed, and this one cannot read, is refused."""
    last = kept(tmp_path)
    last.keep(snapshot(folder))
    path = tmp_path / "var" / "last"
    body = json.dumps(json.loads(path.read_bytes().partition(b"\n")[2]) | change).encode()
    path.write_bytes(signed(body, KEY, module._PURPOSE))
    with pytest.raises(UnusableError, match="another version"):
        last.read(Catalog())


def test_a_detector_that_is_gone(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What cannot be honoured any more is not taken up."""
    kept(tmp_path).keep(snapshot(folder))

    class Fewer(Catalog):
        def entities(self, detect: str) -> list[str]:
            return [name for name in super().entities(detect) if name != "EMAIL_ADDRESS"]

    with pytest.raises(UnusableError, match=r"default: .*EMAIL_ADDRESS"):
        kept(tmp_path).read(Fewer())


def test_too_much_is_not_kept(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What would not be read again is not written, and what was kept before stays."""
    before = snapshot(folder)
    kept(tmp_path).keep(before)
    monkeypatch.setattr("gateway.proxy.lastgood.MAX_BYTES", 100)
    with pytest.raises(OSError, match="more than 100 bytes"):
        kept(tmp_path).keep(before)
    monkeypatch.undo()
    assert kept(tmp_path).read(Catalog()) == before


def test_a_folder_begins_with_it(tmp_path: Path, folder: Path):
    """A broken folder begins with what was kept, says why, and takes up what is mended."""
    last = kept(tmp_path)
    last.keep(snapshot(folder))
    (folder / "full.yaml").write_text("name: full\nmode: off\n")
    watched = PolicyFolder(folder, "default", Catalog(), last_good=lambda: last.read(Catalog()))
    assert set(watched.current.policies) == {"default", "full"}
    assert [str(problem).rpartition("/")[2] for problem in watched.rejected] == [
        "full.yaml:2: mode: 'off' is not allowed here; allowed: enforce, shadow"
    ]
    assert [watched.poll() for _ in range(3)] == [None] * 3
    (folder / "full.yaml").unlink()
    assert [watched.poll() for _ in range(2)] == [None, Reloaded(watched.current, ("full",))]


def test_what_was_kept_lacks_what_is_needed(tmp_path: Path, folder: Path):
    """A policy that the settings name must be in it too."""
    last = kept(tmp_path)
    last.keep(snapshot(folder))
    (folder / "full.yaml").write_text("name: full\nmode: off\n")
    with pytest.raises(PolicyError, match="'off' is not allowed"):
        PolicyFolder(folder, "default", Catalog(), required=["other"], last_good=lambda: last.read(Catalog()))


def test_what_would_not_come_back_is_not_kept(tmp_path: Path, folder: Path):
    """Then what was kept before stays."""
    before = snapshot(folder)
    kept(tmp_path).keep(before)
    endless = before.policies["full"].policy.model_copy(update={"borders": {"domain.topics": math.inf}})
    policies = {**before.policies, "full": replace(before.policies["full"], policy=endless)}
    with pytest.raises(OSError, match="would not be read again"):
        kept(tmp_path).keep(Snapshot(policies, 8.5))
    assert kept(tmp_path).read(Catalog()) == before
