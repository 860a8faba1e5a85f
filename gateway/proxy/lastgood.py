"""The last set of policies that was in force, kept so that a start with a broken folder is no outage.

It is kept merged and checked, as the very policies that decided, so that neither the folder nor a new library can make it say something
else; and it is signed with the gateway's key, so that whoever can write the file cannot write policies.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from gateway.proxy.keeping import read_file, replace_file, signed, unsigned
from gateway.proxy.reload import Snapshot
from gateway.wire.codec import encode
from gateway.wire.model import Json
from policies.load import LoadedPolicy
from policies.objections import Catalog, objections
from policies.policy import Policy

MAX_BYTES = 64 << 20
_VERSION = 1
_PURPOSE = b"oddgate: last good policies\n"


class UnusableError(Exception):
    """What was kept cannot be used, and why."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The last good set of one folder. Another folder's is none of its business."""

    path: Path
    folder: Path
    key: bytes

    def keep(self, snapshot: Snapshot) -> None:
        """Raises OSError, also where it would not come back as it is; and then what was kept before is still there."""
        body = encode({
            "v": _VERSION,
            "folder": self._folder(),
            "loaded_at": snapshot.loaded_at,
            "policies": [_written(loaded) for loaded in snapshot.policies.values()],
        })  # fmt: skip
        content = signed(body, self.key, _PURPOSE)
        if len(content) > MAX_BYTES:
            raise OSError(f"the policies take more than {MAX_BYTES} bytes")
        try:
            for written in json.loads(body)["policies"]:
                _read(written)
        except ValueError:
            raise OSError("the policies would not be read again as they are") from None
        replace_file(self.path, content)

    def read(self, catalog: Catalog) -> Snapshot | None:
        """None where nothing was kept. Raises ``UnusableError``."""
        try:
            content = read_file(self.path, MAX_BYTES)
        except OSError as error:
            raise UnusableError(f"{self.path} cannot be read: {error}") from None
        if content is None:
            return None
        body = unsigned(content, self.key, _PURPOSE)
        if body is None:
            raise UnusableError(f"{self.path} is damaged, or was kept under another secret_key")
        try:
            return self._snapshot(json.loads(body), catalog)
        except (ValidationError, KeyError, TypeError, ValueError):
            raise UnusableError(f"{self.path} was kept by another version") from None

    def _snapshot(self, kept: Json, catalog: Catalog) -> Snapshot:
        if kept["v"] != _VERSION:
            raise ValueError
        if kept["folder"] != self._folder():
            raise UnusableError(f"{self.path} is of another folder")
        policies = {loaded.policy.name: loaded for loaded in map(_read, kept["policies"])}
        for loaded in policies.values():
            for _, message in objections(loaded.policy, catalog):
                raise UnusableError(f"{self.path}: {loaded.policy.name}: {message}")
        return Snapshot(MappingProxyType(policies), float(kept["loaded_at"]))

    def _folder(self) -> str:
        return str(self.folder.absolute())


def _written(loaded: LoadedPolicy) -> Json:
    return {
        "digest": loaded.digest,
        "path": str(loaded.path),
        "layers": loaded.layers,
        "origins": dict(loaded.origins),
        "own": loaded.own,
        "policy": loaded.policy.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "says": _says(loaded.policy),
    }


def _read(kept: Json) -> LoadedPolicy:
    """What a file left out has its default again; that this is still the one it had then, is seen to."""
    policy = Policy.model_validate_json(json.dumps(kept["policy"]))
    if kept["says"] != _says(policy):
        raise ValueError
    origins = {name: tuple(places) for name, places in kept["origins"].items()}
    return LoadedPolicy(policy, kept["digest"], Path(kept["path"]), tuple(kept["layers"]), origins, own=kept["own"])


def _says(policy: Policy) -> str:
    return hashlib.sha256(encode(policy.model_dump(mode="json"))).hexdigest()
