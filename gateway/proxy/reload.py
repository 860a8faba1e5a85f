"""The policies in force, and the folder they come from, looked at again and again.

A change is taken up when the folder has looked the same twice: a file that is being written is not read half. Then all policies
are loaded and swapped as one; if any of them is bad, or one that is needed is gone, the last good set stays, and that is said once.
What counts as a change is each file's resolved path, inode, times and size, so that renamed-over files and swapped symlinks
(mounted config maps) are seen too. No asyncio: the app calls ``poll`` a few times a second.
"""

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from policies.calibration import MAX_BYTES
from policies.load import LoadedPolicy, PolicyError, calibration_files, load_dir, policy_files
from policies.objections import Catalog
from policies.positions import content
from policies.problems import Problem, ProblemsError, allowed


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A set of policies by name, good as a whole; ``loaded_at`` in seconds since the epoch."""

    policies: Mapping[str, LoadedPolicy]
    loaded_at: float


@dataclass(frozen=True, slots=True)
class Reloaded:
    """``changed``: the names of policies that are new, gone, or say something else than before."""

    snapshot: Snapshot
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The folder cannot be used as it is; the last good policies stay in force."""

    problems: tuple[Problem, ...]


class PolicyFolder:
    """Raises ``PolicyError`` at construction where there is nothing good to begin with.

    ``required``: names that must be there besides the default, since an app's settings name them. ``last_good`` is asked for the set that
    was in force before, where the folder cannot be used at the start; ``rejected`` says why it could not, then.
    """

    def __init__(
        self,
        folder: Path,
        default: str,
        catalog: Catalog,
        required: Collection[str] = (),
        clock: Callable[[], float] = time.time,  # noqa: TID251 a part of the shell
        last_good: Callable[[], Snapshot | None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._needed = (default, *(name for name in required if name != default))
        self._catalog = catalog
        self._clock = clock
        self._content = _fingerprint(folder)
        # The folder's looks are unknown at first: they are taken while polling, where their age is known.
        self._looks: object = None
        self._judged: object = None
        self.rejected: tuple[Problem, ...] = ()
        self.current = self._begin(last_good)

    def fall_back(self, kept: Snapshot) -> None:
        """What the folder says turned out to be of no use, and this was in force before. Raises PolicyError where it lacks something."""
        problems = list(self._objections(kept.policies))
        if problems:
            raise PolicyError(problems)
        self.current = kept

    def poll(self) -> Reloaded | Rejected | None:
        """What has become of the folder since the last call; None: nothing to tell."""
        looks = _looks(self._folder)
        if looks == self._judged:
            return None
        if looks != self._looks:
            self._looks = looks
            return None
        self._judged = looks
        content = _fingerprint(self._folder)
        if content == self._content:
            return None
        self._content = content
        return self._reload()

    def _begin(self, last_good: Callable[[], Snapshot | None]) -> Snapshot:
        try:
            return self._load()
        except PolicyError as error:
            kept = last_good()
            if kept is None or any(self._objections(kept.policies)):
                raise
            self.rejected = error.problems
            return kept

    def _reload(self) -> Reloaded | Rejected:
        before = self.current.policies
        try:
            self.current = self._load()
        except PolicyError as error:
            return Rejected(error.problems)
        return Reloaded(self.current, tuple(_changed(before, self.current.policies)))

    def _load(self) -> Snapshot:
        policies = load_dir(self._folder, self._catalog)
        problems = list(self._objections(policies))
        if problems:
            raise PolicyError(problems)
        return Snapshot(MappingProxyType(policies), self._clock())

    def _objections(self, policies: Mapping[str, LoadedPolicy]) -> Iterator[Problem]:
        for name in self._needed:
            if name not in policies:
                yield Problem(str(self._folder), 0, "", f"there is no policy named {name}; {allowed(name, policies)}")
            elif rollout := policies[name].policy.rollout:
                message = f"the settings name {name}, which has a rollout; name {rollout.of}, of whose exchanges it gets a part"
                yield Problem(str(policies[name].path), 1, "rollout", message)


def _changed(before: Mapping[str, LoadedPolicy], after: Mapping[str, LoadedPolicy]) -> Iterable[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None or old.digest != new.digest:
            yield name


def _looks(folder: Path) -> object:
    """Something that changes when a policy's file may have changed."""
    try:
        return tuple(_file_looks(path) for path in _files(folder))
    except PolicyError as error:
        return str(error)


def _files(folder: Path) -> list[Path]:
    return [*policy_files(folder), *calibration_files(folder)]


def _file_looks(path: Path) -> tuple[object, ...]:
    try:
        stat = path.stat()
    except OSError as error:
        return (path.name, error.errno)
    return (path.name, os.path.realpath(path), stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)


def _fingerprint(folder: Path) -> str:
    """What the files say, so that a file that was only touched is not judged again."""
    said = hashlib.sha256()
    try:
        for path in _files(folder):
            said.update(f"\0{path.name}\0".encode("utf-8", "surrogateescape"))
            said.update(_bytes(path))
    except PolicyError as error:
        return str(error)
    return said.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return content(path, MAX_BYTES)
    except ProblemsError as error:
        return str(error).encode("utf-8", "surrogateescape")
