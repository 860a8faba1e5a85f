"""The policy folder, as it is edited, swapped, broken and taken away."""

import os
from pathlib import Path

import pytest

from detectors.registry import Catalog
from gateway.proxy.reload import PolicyFolder, Rejected, Reloaded
from policies.load import PolicyError


def write(folder: Path, name: str, text: str) -> Path:
    """Written beside and renamed over, as editors do."""
    temporary = folder / f".{name}.tmp"
    temporary.write_text(text)
    return temporary.rename(folder / f"{name}.yaml")


def policy(name: str, message: str = "no") -> str:
    return f"name: {name}\nrespond: {{message: '{message}'}}\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    write(tmp_path, "default", policy("default"))
    write(tmp_path, "other", policy("other"))
    return tmp_path


@pytest.fixture
def watched(folder) -> PolicyFolder:
    """A folder that has been polled until it had nothing to tell."""
    watched = PolicyFolder(folder, "default", Catalog(), clock=iter(range(100)).__next__)
    assert [watched.poll() for _ in range(4)] == [None] * 4
    return watched


def settled(watched: PolicyFolder) -> Reloaded | Rejected | None:
    """What the next polls tell: the first only sees that something changed, and nothing is told twice."""
    told = [watched.poll() for _ in range(4)]
    assert told[0] is None
    assert told[2:] == [None, None]
    return told[1]


def message(watched: PolicyFolder, name: str = "default") -> str:
    return watched.current.policies[name].policy.respond.message


def test_start(watched):
    """All policies of the folder, and when they were loaded."""
    assert set(watched.current.policies) == {"default", "other"}
    assert watched.current.loaded_at == 0


def test_an_edit_is_taken_up(watched, folder):
    """An edited policy is in force after the second look, whole, and named."""
    before = watched.current
    write(folder, "default", policy("default", "changed"))
    assert settled(watched) == Reloaded(watched.current, ("default",))
    assert message(watched) == "changed"
    assert before.policies["default"].policy.respond.message == "no"
    assert watched.current.loaded_at == 1


def test_an_edit_in_place_of_the_same_size_is_seen(watched, folder):
    """A file written over in place is seen by its time, were its size the same."""
    (folder / "default.yaml").write_text(policy("default", "on"))
    assert isinstance(settled(watched), Reloaded)
    assert message(watched) == "on"


def test_an_edit_during_the_start_is_seen(folder):
    """What changed between the first reading and the first poll is not missed, whatever its times say."""
    times = os.stat(folder / "default.yaml")
    watched = PolicyFolder(folder, "default", Catalog())
    (folder / "default.yaml").write_text(policy("default", "on"))
    os.utime(folder / "default.yaml", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert isinstance(settled(watched), Reloaded)
    assert message(watched) == "on"


def test_new_and_removed_policies(watched, folder):
    """A set of policies may grow and shrink."""
    write(folder, "new", policy("new"))
    (folder / "other.yaml").unlink()
    assert settled(watched) == Reloaded(watched.current, ("new", "other"))
    assert set(watched.current.policies) == {"default", "new"}


def test_half_written_file_is_not_read(watched, folder):
    """A file that still grows at every look is left alone, even where its beginning is a good policy."""
    path = folder / "default.yaml"
    path.write_text("name: default\n")
    assert watched.poll() is None
    with path.open("a") as file:
        file.write("respond: {message: ")
        file.flush()
        assert watched.poll() is None
        file.write("whole}\n")
    assert isinstance(settled(watched), Reloaded)
    assert message(watched) == "whole"


def test_bad_file_keeps_the_last_good_ones_and_says_so_once(watched, folder):
    """While any file is bad all policies stay as they were; touching it says nothing again, another mistake does, mending it heals."""
    before = watched.current
    write(folder, "other", policy("other", "changed"))
    path = write(folder, "default", "name: default\nmode: off\n")
    told = settled(watched)
    assert isinstance(told, Rejected)
    assert str(told.problems[0]) == f"{path}:2: mode: 'off' is not allowed here; allowed: enforce, shadow"
    assert watched.current is before

    os.utime(path)
    assert settled(watched) is None

    write(folder, "default", "name: default\n# a comment\nmode: off\n")
    assert isinstance(settled(watched), Rejected)
    assert watched.current is before

    write(folder, "default", policy("default"))
    assert settled(watched) == Reloaded(watched.current, ("other",))
    assert message(watched, "other") == "changed"


def test_bad_file_mended_to_what_is_in_force(watched, folder):
    """That all is well again is said, even where nothing changed in the end."""
    write(folder, "default", "name: [")
    assert isinstance(settled(watched), Rejected)
    write(folder, "default", policy("default"))
    assert settled(watched) == Reloaded(watched.current, ())


def test_what_is_needed_cannot_be_removed(folder):
    """The default policy, and one that an app names, must be there: at the start and ever after."""
    with pytest.raises(PolicyError, match=r"there is no policy named mine; allowed: default, other$"):
        PolicyFolder(folder, "mine", Catalog())
    with pytest.raises(PolicyError, match="there is no policy named othr; did you mean other"):
        PolicyFolder(folder, "default", Catalog(), required=("othr",))
    watched = PolicyFolder(folder, "default", Catalog(), required=("other", "default"))
    (folder / "other.yaml").unlink()
    told = settled(watched)
    assert isinstance(told, Rejected)
    assert "other" in watched.current.policies


def test_bad_at_the_start(folder):
    """There is nothing good to fall back on: the start fails, with the problem."""
    write(folder, "other", "name: 5")
    with pytest.raises(PolicyError, match=r"other\.yaml:1: name: must be a string"):
        PolicyFolder(folder, "default", Catalog())
    with pytest.raises(PolicyError, match="cannot be read"):
        PolicyFolder(folder / "none", "default", Catalog())


ROLLOUT = "name: {}\nrollout: {{of: {}, percent: 10}}\n"


@pytest.mark.parametrize(
    ("files", "required", "said"),
    [
        (
            {"next": ROLLOUT.format("next", "other")},
            ("next",),
            r"next.yaml:1: rollout: the settings name next, .*; name other, of",
        ),
        (
            {"next": ROLLOUT.format("next", "other"), "more": ROLLOUT.format("more", "next")},
            (),
            "more.yaml:1: rollout.of: next has a rollout of its own; allowed: a policy without",
        ),
    ],
)
def test_rollouts_that_nobody_could_follow(folder, files, required, said):
    """A new version gets a part of another policy's exchanges and nothing else, and there is none of a new version."""
    for name, text in files.items():
        write(folder, name, text)
    with pytest.raises(PolicyError, match=said):
        PolicyFolder(folder, "default", Catalog(), required=required)
    PolicyFolder(write(folder.parent / folder.name, "more", policy("more")).parent, "default", Catalog())


def test_vanished_folder(watched, folder, tmp_path_factory):
    """A folder that is taken away leaves its policies in force; it may come back."""
    away = tmp_path_factory.mktemp("away") / "policies"
    folder.rename(away)
    assert isinstance(settled(watched), Rejected)
    assert message(watched) == "no"
    away.rename(folder)
    assert settled(watched) == Reloaded(watched.current, ())


def test_swapped_symlink(tmp_path):
    """A mounted config map is swapped by one symlink, its files' names unchanged."""
    for version in ("one", "two"):
        (tmp_path / f"..{version}").mkdir()
        write(tmp_path / f"..{version}", "default", policy("default", version))
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "default.yaml").symlink_to("..data/default.yaml")
    watched = PolicyFolder(tmp_path, "default", Catalog())
    assert [watched.poll() for _ in range(3)] == [None] * 3
    (tmp_path / "..next").symlink_to("..two")
    (tmp_path / "..next").rename(tmp_path / "..data")
    assert isinstance(settled(watched), Reloaded)
    assert message(watched) == "two"


def test_odd_things_in_the_folder(watched, folder):
    """A folder, a pipe and a dangling link where policies should be are named, and nothing hangs."""
    (folder / "a.yaml").mkdir()
    os.mkfifo(folder / "b.yaml")
    (folder / "c.yaml").symlink_to("nowhere")
    told = settled(watched)
    assert isinstance(told, Rejected)
    assert [Path(problem.file).name for problem in told.problems] == ["a.yaml", "b.yaml", "c.yaml"]


def test_cases_and_hidden_files_are_none_of_its_business(watched, folder):
    """Editing cases reloads nothing."""
    (folder / "default.cases.yaml").write_text("[]")
    (folder / ".default.yaml.swp").write_text("x")
    assert [watched.poll() for _ in range(3)] == [None] * 3


def test_the_set_in_force_cannot_be_changed(watched):
    """A snapshot is handed out, not a dictionary to write in."""
    with pytest.raises(TypeError):
        watched.current.policies["x"] = watched.current.policies["default"]
