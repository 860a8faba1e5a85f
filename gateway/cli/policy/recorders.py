"""The policies that decided what a journal holds, by their versions: those that are named, those that the gateway keeps, the library's."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from detectors.registry import Catalog
from gateway.proxy.versions import Versions
from policies.load import LoadedPolicy, library, load_dir
from policies.policy import Policy


class Recorders:
    """A ``policies.rehearsal.replay.Recorders``. ``keep_dir`` is as in the gateway's settings. Raises OSError."""

    def __init__(self, named: Iterable[LoadedPolicy], keep_dir: Path) -> None:
        self._named = _by_version(named)
        self._kept = Versions(keep_dir)

    def __call__(self, version: str) -> Policy | None:
        return self._named.get(version) or self._kept.find(version) or self._library.get(version)

    @cached_property
    def _library(self) -> dict[str, Policy]:
        return _by_version(load_dir(library(), Catalog()).values())


def _by_version(policies: Iterable[LoadedPolicy]) -> dict[str, Policy]:
    return {loaded.version: loaded.policy for loaded in policies}
