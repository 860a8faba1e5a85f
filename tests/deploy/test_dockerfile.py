"""deploy/Dockerfile, without an engine: what it starts from, what it takes, and as whom it runs."""

import fnmatch
import re

from tests.architecture.project import PACKAGES, ROOT

TEXT = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
STEPS = [line.split(maxsplit=1) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
IGNORE = [line for line in (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def _all(step: str) -> list[str]:
    return [rest for name, rest in STEPS if name == step]


def _copied() -> list[str]:
    return [source for rest in _all("COPY") if not rest.startswith("--from") for source in rest.split()[:-1]]


def test_it_starts_from_one_version():
    """Both stages from the same."""
    images = {rest.split()[0] for rest in _all("FROM")}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", images.pop())


def test_everything_is_copied_and_nothing_else():
    """What it copies is there and not left out of what the engine is sent, which begins with nothing; all our packages are among it."""
    copied = _copied()
    assert set(PACKAGES) < set(copied)
    assert IGNORE[0] == "*"
    allowed = [line.removeprefix("!") for line in IGNORE if line.startswith("!")]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatchcase(source, pattern) for pattern in allowed), source


def test_packages_are_those_of_the_lock():
    """Each comes with its hash, but for our own."""
    installs = re.findall(r"pip install ([^&\n]*)", TEXT)
    assert len(installs) == 4
    assert all("--require-hashes" in each for each in installs[:-1])
    assert "--no-deps" in installs[-1]


def test_it_runs_as_nobody_in_particular():
    """Not as root, and what it keeps is its own."""
    names = [name for name, _ in STEPS]
    assert _all("USER") == ["oddgate"]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert _all("ENTRYPOINT") == ['["/venv/bin/oddgate"]']
