"""The vault: which placeholders the earlier exchanges of a conversation issued that the provider keeps.

An exchange that names a response, a conversation or a file of the provider's gets by ``load`` what was issued under these names, and
``save``s what it knows under the names that the provider gives it. It never fails an exchange: with its store away, placeholders of
earlier exchanges stay in the answer as they are, which shows nothing to anybody, and ``errors`` counts it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.guard.tokens import Tokens
from gateway.guard.vault import MAX_ENTRIES, Entries, VaultError, joined, seal, storage_name, unseal

log = logging.getLogger("oddgate")

MAX_NAMES = 64
"""For one call."""


class StoreUnavailable(Exception):
    """A store did not do in time what it was asked for. Says why in a word; never which names or values it was about."""


class VaultStore(Protocol):
    """Each method may raise ``StoreUnavailable``, and takes no longer than a time that the store was made with."""

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """In the order of the names; None for what is not there, or has expired."""

    async def put_many(self, items: Mapping[str, bytes], ttl_s: float) -> None: ...

    async def drop_many(self, names: Sequence[str]) -> None: ...

    async def close(self) -> None: ...


class Vault:
    """``hits`` and ``misses`` count names, ``rejected`` what a store gave back that is not ours, ``left_out`` names and entries beyond the
    bounds, ``errors`` calls that the store failed; ``problem`` says why the last call failed, and is None if it did not.
    """

    def __init__(self, key: bytes, store: VaultStore, ttl_s: float, new_nonce: Callable[[], bytes]) -> None:
        self._key = key
        self._store = store
        self._ttl_s = ttl_s
        self._new_nonce = new_nonce
        self.hits = 0
        self.misses = 0
        self.rejected = 0
        self.left_out = 0
        self.errors = 0
        self.problem: str | None = None

    async def load(self, app: str, names: Sequence[str]) -> list[Entries]:
        """What is known under each of the names that is known at all; for ``Tokens.inherit``. As many entries as one exchange may inherit,
        those of the first names first; nothing is opened once that is reached.
        """
        found: list[Entries] = []
        room = MAX_ENTRIES
        for name, blob in await self._read(app, self._within(names)) or ():
            if blob is not None and not room:
                self.left_out += 1
                continue
            entries = self._open(app, name, blob)
            self.hits += bool(entries)
            self.misses += not entries
            beyond = max(0, len(entries) - room)
            self.left_out += beyond
            room -= len(entries) - beyond
            if entries:
                found.append(dict(list(entries.items())[beyond:]))
        return found

    async def save(self, app: str, names: Sequence[str], entries: Entries) -> None:
        """Add entries to what is known under each of the names, which is then kept for the full time again.

        Two exchanges that save under one name at the same moment may lose the entries of one of them; a provider lets only one exchange
        at a time work on a conversation, and gives each response a name of its own.
        """
        names = self._within(names if entries else ())
        before = await self._read(app, names)
        if not before:
            return
        items = {}
        for name, blob in before:
            sealed = seal(self._key, app, name, joined(self._open(app, name, blob), entries), self._new_nonce())
            self.left_out += sealed.left_out
            items[storage_name(self._key, app, name)] = sealed.blob
        try:
            await self._store.put_many(items, self._ttl_s)
        except StoreUnavailable as error:
            self._failed(error)

    async def forget(self, app: str, names: Sequence[str]) -> None:
        """What is known under these names, which the provider has deleted."""
        if not names:
            return
        try:
            await self._store.drop_many([storage_name(self._key, app, name) for name in self._within(names)])
        except StoreUnavailable as error:
            self._failed(error)

    async def _read(self, app: str, names: Sequence[str]) -> list[tuple[str, bytes | None]] | None:
        """Each name with what the store has under it; None if the store cannot be asked."""
        if not names:
            return []
        try:
            blobs = await self._store.get_many([storage_name(self._key, app, name) for name in names])
        except StoreUnavailable as error:
            self._failed(error)
            return None
        self.problem = None
        return list(zip(names, blobs, strict=True))

    def _open(self, app: str, name: str, blob: bytes | None) -> Entries:
        if blob is None:
            return {}
        try:
            return unseal(self._key, app, name, blob)
        except VaultError:
            self.rejected += 1
            return {}

    def _within(self, names: Sequence[str]) -> Sequence[str]:
        each = list(dict.fromkeys(names))
        self.left_out += max(0, len(each) - MAX_NAMES)
        return each[:MAX_NAMES]

    def _failed(self, error: StoreUnavailable) -> None:
        self.errors += 1
        if self.problem is None:
            log.error("the store of placeholders fails (%s): those of earlier exchanges stay in answers", error)
        self.problem = str(error)


class Shelf(Protocol):
    """What an exchange asks of a ``Vault``."""

    async def load(self, owner: str, names: Sequence[str]) -> list[Entries]: ...

    async def save(self, owner: str, names: Sequence[str], entries: Entries) -> None: ...

    async def forget(self, owner: str, names: Sequence[str]) -> None: ...


class Recollection:
    """What one exchange has of the vault, and adds to it; ``owner`` is whose it is."""

    def __init__(self, vault: Shelf, owner: str, tokens: Tokens) -> None:
        self._vault = vault
        self._owner = owner
        self._tokens = tokens
        self._remembered: set[str] = set()

    async def recall(self, names: Sequence[str]) -> None:
        """What earlier exchanges put into what this one refers to can be restored in its answer."""
        for entries in await self._vault.load(self._owner, names):
            self._tokens.inherit(entries)

    async def remember(self, names: Sequence[str]) -> None:
        """Before the answer that names it goes out: its next exchange may begin at once. Of more than ``MAX_NAMES``, the first ones."""
        names = [name for name in names if name not in self._remembered][: MAX_NAMES - len(self._remembered)]
        if names and (entries := self._tokens.restorable()):
            self._remembered.update(names)
            await self._vault.save(self._owner, names, entries)

    async def forget(self, names: Sequence[str]) -> None:
        await self._vault.forget(self._owner, names)
