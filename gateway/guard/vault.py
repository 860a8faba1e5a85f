"""The sealed form of an exchange's restorable placeholders, in which they wait for the next exchange of the same conversation.

Sealed means encrypted and authenticated (AES-256-GCM) under a key of its own for each app and name, so that what was sealed for one
app or name opens for no other. The names under which the sealed form is stored are keyed hashes: a store learns neither app, nor name,
nor value, and can at worst lose what it was given.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAX_ENTRIES = 4096
MAX_BYTES = 512 * 1024
"""Of what is sealed for one name, all told."""
NONCE_BYTES = 12

_VERSION = b"\x01"
_TAG_BYTES = 16
_PREFIX = "oddgate:vault:"
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

Entries = Mapping[str, tuple[str, str]]
"""Keyed parts of placeholders, each with its (type, value), the oldest first."""


class VaultError(Exception):
    """Not sealed with this key for this app and name, or not whole any more."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """``left_out``: how many entries, the oldest ones, did not fit into the bounds and are not in ``blob``."""

    blob: bytes
    left_out: int


def seal(key: bytes, app: str, name: str, entries: Entries, nonce: bytes) -> Sealed:
    """``nonce``: ``NONCE_BYTES`` that are never used twice for the same app and name."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    plain, left_out = _fitting(entries)
    about = _about(app, name)
    return Sealed(_VERSION + nonce + AESGCM(_key(key, about)).encrypt(nonce, plain, about), left_out)


def unseal(key: bytes, app: str, name: str, blob: bytes) -> Entries:
    """The entries that were sealed; ``VaultError`` for anything else."""
    head = len(_VERSION) + NONCE_BYTES
    if not head + _TAG_BYTES <= len(blob) <= MAX_BYTES or not blob.startswith(_VERSION):
        raise VaultError("not of the sealed form")
    about = _about(app, name)
    try:
        plain = AESGCM(_key(key, about)).decrypt(blob[len(_VERSION) : head], blob[head:], about)
    except InvalidTag:
        raise VaultError("not sealed with this key for this app and name") from None
    return {keyed: (entity, value) for keyed, entity, value in json.loads(plain.decode("utf-8", "surrogatepass"))}


def storage_name(key: bytes, app: str, name: str) -> str:
    """Where a store keeps what is sealed for an app and a name."""
    return _PREFIX + hashlib.blake2b(_about(app, name), key=key, digest_size=20, person=b"vault name").hexdigest()


def joined(before: Entries, now: Entries) -> Entries:
    """Both. What stands for one value before and for another now is in neither: it must not be restored to the wrong one."""
    return {keyed: owner for keyed, owner in {**before, **now}.items() if before.get(keyed, owner) == owner}


def _fitting(entries: Entries) -> tuple[bytes, int]:
    """As many of the newest entries as fit, as JSON, and the number of the others."""
    room = MAX_BYTES - len(_VERSION) - NONCE_BYTES - _TAG_BYTES - len("[]")
    kept: list[bytes] = []
    for keyed, owner in reversed(list(entries.items())):
        row = _JSON.encode([keyed, *owner]).encode("utf-8", "surrogatepass")
        room -= len(row) + len(",")
        if room < 0 or len(kept) == MAX_ENTRIES:
            break
        kept.append(row)
    return b"[%b]" % b",".join(reversed(kept)), len(entries) - len(kept)


def _key(key: bytes, about: bytes) -> bytes:
    return hashlib.blake2b(about, key=key, digest_size=32, person=b"vault seal").digest()


def _about(app: str, name: str) -> bytes:
    parts = (app.encode("utf-8", "surrogatepass"), name.encode("utf-8", "surrogatepass"))
    return _VERSION + b"".join(b"%d:%b" % (len(part), part) for part in parts)
