"""Placeholders: what stands in for a value on its way to the endpoint, and the way back.

A placeholder is ``<TYPE_xxxxxx>``, its last part derived from a keyed hash of (app, type, value): the same value has the same
placeholder in every turn, and without the key nothing can be learned from it or forged. One ``Tokens`` belongs to one exchange;
only what it has issued is ever restored, and what it inherits from earlier exchanges of a conversation that the provider keeps.
"""

import hashlib
from collections.abc import Iterable, Mapping

from detectors.text.placeholders import ALPHABET, LENGTH, Placeholders
from policies.redact import hash_value

_DIGITS = frozenset("23456789")


class Tokens:
    def __init__(self, key: bytes, app: str) -> None:
        self._key = key
        self._app = app
        self._not_ours: set[int] = set()
        self._issued: dict[tuple[str, str], str] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        self._restorable: dict[str, tuple[str, str]] = {}
        self._ambiguous: set[str] = set()

    def avoid(self, keyed: Iterable[int]) -> None:
        """Hashes (``hash``) of what the client's own text has that looks like a keyed part: none of it will be issued,
        but for what the conversation has already.
        """
        self._not_ours.update(keyed)

    def inherit(self, entries: Mapping[str, tuple[str, str]]) -> None:
        """What an earlier exchange of this conversation had as ``restorable`` stands for the same here. Comes before ``finder``.

        A keyed part that stands for two values, since exchanges knew nothing of each other, is restored to neither and not issued again.
        """
        for keyed, owner in entries.items():
            known = self._owners.setdefault(keyed, owner)
            if known != owner:
                self._ambiguous.add(keyed)
            if keyed not in self._ambiguous:
                self._issued[owner] = keyed
                self._restorable[keyed] = owner
                continue
            self._restorable.pop(keyed, None)
            if self._issued.get(known) == keyed:
                del self._issued[known]

    def issue(self, entity: str, value: str, *, restore: bool, first: str | None = None) -> str:
        """The placeholder of a value; ``restore``: ``value_of`` will know it. ``first``: its ``first_choice``, if that is known."""
        keyed = self._issued.get((entity, value))
        if keyed is None:
            keyed = self._issued[entity, value] = self._free(entity, value, first)
            self._owners[keyed] = (entity, value)
        if restore:
            self._restorable[keyed] = entity, value
        return f"<{entity}_{keyed}>"

    def first_choice(self, entity: str, value: str) -> str:
        """The keyed part of the value's placeholder, wherever it is free."""
        return self._choice(entity, value, 0)

    def fingerprint(self, entity: str, value: str) -> str:
        """16 hex digits by which equal values can be known, to us alone."""
        return self._hash(entity, value, b"fingerprint")[:8].hex()

    def hash(self, entity: str, value: str) -> str:
        """The ``hash`` style of a value."""
        return hash_value(value, entity, self._key, self._app)

    def value_of(self, keyed: str) -> str | None:
        found = self._restorable.get(keyed)
        return found[1] if found else None

    def restorable(self) -> Mapping[str, tuple[str, str]]:
        """Keyed parts with the (type, value) that each is restored to, the oldest first; for later exchanges to ``inherit``."""
        return dict(self._restorable)

    def finder(self) -> Placeholders | None:
        """What finds the restorable placeholders in an answer; None if there are none."""
        return Placeholders((entity, keyed) for keyed, (entity, _) in self._restorable.items()) if self._restorable else None

    def _free(self, entity: str, value: str, first: str | None) -> str:
        keyed = first or self._choice(entity, value, 0)
        attempt = 0
        while keyed in self._owners or hash(keyed) in self._not_ours:
            attempt += 1
            keyed = self._choice(entity, value, attempt)
        return keyed

    def _choice(self, entity: str, value: str, attempt: int) -> str:
        """The first run of letters of the hash that has a digit; 1 in 6 has none, so that 12 runs without one do not happen."""
        number = int.from_bytes(self._hash(entity, value, b"token%d" % attempt))
        letters = "".join(ALPHABET[number >> 5 * place & 31] for place in range(12 * LENGTH))
        runs = (letters[start : start + LENGTH] for start in range(0, len(letters), LENGTH))
        return next(run for run in runs if not _DIGITS.isdisjoint(run))

    def _hash(self, entity: str, value: str, purpose: bytes) -> bytes:
        parts = (purpose, self._app.encode(), entity.encode(), value.encode("utf-8", "surrogatepass"))
        return hashlib.blake2b(b"".join(b"%d:%b" % (len(part), part) for part in parts), key=self._key, digest_size=48).digest()
