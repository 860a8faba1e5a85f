"""The versions of policies that were in force, so that what they have decided can be decided again (``oddgate policy replay``).

Each is a file of its own, merged as it decided, and called by its version: what a file says has the digest that its name has, or it counts
for nothing. The gateway itself decides by none of them.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from gateway.proxy.keeping import read_file, replace_file
from policies.load import LoadedPolicy, said
from policies.policy import Policy

MAX_FILES = 500
MAX_BYTES = 64 << 20
"""Of all of them; those that were not in force for longest go first."""
FOLDER = "policy-versions"
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}@([0-9a-f]{12})")


class Versions:
    """Those that are kept below ``keep_dir``."""

    def __init__(self, keep_dir: Path) -> None:
        self._folder = keep_dir / FOLDER

    def keep(self, policies: Iterable[LoadedPolicy]) -> None:
        """These are in force. Raises OSError."""
        for loaded in policies:
            path = self._path(loaded.version)
            if path.exists():
                os.utime(path)
            else:
                replace_file(path, said(loaded.policy))
        self._forget()

    def find(self, version: str) -> Policy | None:
        """None where it is not kept, or cannot be read. Raises OSError."""
        name = _VERSION.fullmatch(version)
        content = read_file(self._path(version), MAX_BYTES) if name else None
        if name is None or content is None or hashlib.sha256(content).hexdigest()[:12] != name[1]:
            return None
        try:
            return Policy.model_validate_json(content, by_alias=True, by_name=True)
        except ValidationError:  # of another release, which had other words
            return None

    def _path(self, version: str) -> Path:
        return self._folder / f"{version}.json"

    def _forget(self) -> None:
        newest = sorted(((path.stat(), path) for path in self._folder.glob("*.json")), key=lambda each: -each[0].st_mtime_ns)
        size = 0
        for index, (stat, path) in enumerate(newest):
            size += stat.st_size
            if index >= MAX_FILES or size > MAX_BYTES:
                path.unlink(missing_ok=True)
