"""What may not be anywhere in the tree: names that say nothing, paths of somebody's machine, other people's addresses."""

import re

from tests.architecture.project import ROOT, files

VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "core"}
TEXT = (".py", ".md", ".toml", ".yaml", ".yml", ".json", ".txt", ".in", ".sh", ".cfg", ".html", ".js", ".css", "")

# Where a person's files are on the usual systems. A program's own places (/etc, /usr/bin/env, /dev/null) are not somebody's.
_SOMEBODYS = re.compile(r"(?<![\w.:/*)\]}<>-])(?:/(?:root|home|work|Users|mnt|media|workspace|builds?)/[\w.]|~/[\w.]|[A-Z]:\\\\?Users)")
_URL = re.compile(r"https?://(?:[^/\s@]*@)?([A-Za-z0-9][A-Za-z0-9.-]*)")
# Hosts that texts of ours may name: what the product speaks to, what it is licensed and built on, and names that are nobody's.
_HOSTS = re.compile(
    r"(?:[\w-]+\.)*(?:example|invalid|test|localhost)(?:\.(?:com|org|net))?"
    r"|[\d.]+|[a-z]{1,4}|HOST|host|localhost|user|gateway|collector|prometheus|api\.openai\.com|api\.anthropic\.com"
    r"|events\.pagerduty\.com|api\.opsgenie\.com"
    r"|www\.apache\.org|github\.com|keepachangelog\.com|semver\.org|json-schema\.org"
)


_LARGE = 1_000_000
# What may be larger, up to how many bytes, and why.
LARGER = {
    "detectors/models/minilm_static.npz": (4_500_000, "a model of our own training: it can be got nowhere else"),
}  # fmt: skip


def _texts():
    for path in files(*TEXT):
        yield path, (ROOT / path).read_text(encoding="utf-8", errors="replace")


def test_names():
    """No file or folder is called by what could be anything, nor by a number of its version."""
    for path in files():
        for part in (*path.parts[:-1], path.name.partition(".")[0]):
            assert part.lower() not in VAGUE, path
            assert not re.search(r"_v\d+$", part), path


def test_no_path_of_a_machine():
    """Nothing depends on where it was written."""
    found = [f"{path}: {match.group()}" for path, text in _texts() for match in _SOMEBODYS.finditer(text)]
    assert found == []


def test_hosts():
    """Nothing names a host beyond the few that it is about; least of all the registry from which it was installed."""
    found = {
        f"{path}: {host}"
        for path, text in _texts()
        if path.parts[0] != "tests" or path.suffix != ".py"
        for host in _URL.findall(text)
        if not _HOSTS.fullmatch(host.rstrip("."))
    }
    assert found == set()


def test_requirements_name_no_registry():
    """Whoever installs decides from where."""
    for path in (ROOT / "requirements").iterdir():
        text = path.read_text()
        assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.MULTILINE), path.name


def test_nothing_large():
    """The repository holds what people read and small data; what is bigger is downloaded or built."""
    found = {str(path): size for path in files() if (size := (ROOT / path).stat().st_size) > _LARGE}
    assert {path: size for path, size in found.items() if path not in LARGER or size > LARGER[path][0]} == {}


def test_what_is_larger():
    """Each exception is of a shipped model, has its reason, and is still needed."""
    for path, (_, why) in LARGER.items():
        assert why
        assert path.startswith("detectors/models/")
        assert path.endswith(".npz")
        assert (ROOT / path).stat().st_size > _LARGE
