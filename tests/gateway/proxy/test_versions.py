"""Versions of policies, as they are found again."""

import os
from pathlib import Path

import pytest

from detectors.registry import Catalog
from gateway.proxy import versions as module
from gateway.proxy.versions import FOLDER, Versions
from policies.load import LoadedPolicy, library, load_dir, load_text
from tests.gateway.proxy.test_lastgood import FULL


def policy(message: str) -> LoadedPolicy:
    return load_text(f"name: p\nrespond: {{message: '{message}'}}\n", "p.yaml", Catalog())


def test_each_is_found_as_it_was(tmp_path: Path):
    """Every policy of the library, and one with all that has a shape of its own, by its version and no other."""
    loaded = [*load_dir(library(), Catalog()).values(), load_text(FULL, "full.yaml", Catalog())]
    versions = Versions(tmp_path)
    versions.keep(loaded)
    for each in loaded:
        assert versions.find(each.version) == each.policy
        assert versions.find(f"{each.policy.name}@{'0' * 12}") is None


def test_what_says_something_else(tmp_path: Path):
    """A file that was written over counts for nothing, even where it says a policy; nor does one that is none any more."""
    versions = Versions(tmp_path)
    versions.keep([policy("a"), policy("b")])
    (tmp_path / FOLDER / f"{policy('a').version}.json").write_bytes((tmp_path / FOLDER / f"{policy('b').version}.json").read_bytes())
    assert versions.find(policy("a").version) is None
    (tmp_path / FOLDER / "p@2c26b46b68ff.json").write_text("foo")  # its digest is right
    assert versions.find("p@2c26b46b68ff") is None


@pytest.mark.parametrize("version", ["", "p", "../p@000000000000", "p@00000000000g", "/etc/p@000000000000", "p@000000000000/.."])
def test_what_is_no_version(tmp_path: Path, version: str):
    """A name from a record leads nowhere but to a version."""
    assert Versions(tmp_path).find(version) is None


def test_they_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In number and in bytes; those that were not in force for longest go first, and those in force stay."""
    versions, names = Versions(tmp_path), "abcd"
    for index, name in enumerate(names):
        versions.keep([policy(name)])
        os.utime(tmp_path / FOLDER / f"{policy(name).version}.json", (index, index))
    monkeypatch.setattr(module, "MAX_FILES", 3)
    versions.keep([policy("a")])
    assert [name for name in names if versions.find(policy(name).version)] == ["a", "c", "d"]
    monkeypatch.setattr(module, "MAX_BYTES", 1)
    versions.keep([])
    assert not list((tmp_path / FOLDER).iterdir())
