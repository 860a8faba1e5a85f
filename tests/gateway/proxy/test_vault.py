"""The vault, with a store that can fail, and over a real Redis."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from gateway.guard.tokens import Tokens
from gateway.guard.vault import MAX_ENTRIES, NONCE_BYTES, storage_name
from gateway.proxy.vault import MAX_NAMES, Recollection, StoreUnavailable, Vault, VaultStore
from gateway.storage.memory import MemoryStore
from gateway.storage.redis import RedisStore
from tests.support.guards import KEY, channel, policy, stream
from tests.support.redis_server import running_redis

ANNA = {"k3x9pa": ("PERSON", "Anna")}
ZOE = {"zzz222": ("PERSON", "Zoe")}


class Store(MemoryStore):
    """One that fails what it is told to, and knows how often it was called."""

    def __init__(self) -> None:
        super().__init__(64 << 20, lambda: 0.0)
        self.failing: set[str] = set()
        self.calls: list[str] = []

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        self._called("get")
        return await super().get_many(names)

    async def put_many(self, items: Mapping[str, bytes], ttl_s: float) -> None:
        self._called("put")
        await super().put_many(items, ttl_s)

    async def drop_many(self, names: Sequence[str]) -> None:
        self._called("drop")
        await super().drop_many(names)

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if what in self.failing:
            raise StoreUnavailable("TimeoutError")


@pytest.fixture
def store() -> Store:
    return Store()


def vault_in(store: VaultStore, key: bytes = KEY) -> Vault:
    return Vault(key, store, 60, partial(secrets.token_bytes, NONCE_BYTES))


async def test_a_conversation(store: Store):
    """The third answer of a conversation has the values back that only the first request had, though each exchange names but the last."""
    names = ["resp_0", "resp_1", "resp_2", "resp_3"]
    placeholders = []
    for before, after, value in zip(names, names[1:], ["Anna", "Bob", "Zoe"], strict=False):
        vault, tokens = vault_in(store), Tokens(KEY, "app")
        for entries in await vault.load("app", [before]):
            tokens.inherit(entries)
        placeholders.append(tokens.issue("PERSON", value, restore=True))
        answer = "".join(stream(channel(policy(), (), tokens), [f"Dear {', '.join(placeholders)}!"]))
        await vault.save("app", [after], tokens.restorable())
    assert answer == "Dear Anna, Bob, Zoe!"


async def test_what_is_saved_again_is_added(store: Store):
    """A name that lasts, such as a conversation's, keeps what was saved before, though the exchange that saves knows nothing of it."""
    vault = vault_in(store)
    await vault.save("app", ["conv_1", "resp_1"], ANNA)
    await vault.save("app", ["conv_1", "resp_2"], ZOE)
    assert await vault.load("app", ["conv_1", "resp_1", "resp_2"]) == [ANNA | ZOE, ANNA, ZOE]


async def test_what_does_not_agree_is_left_out(store: Store):
    """A keyed part that two exchanges saved for two values under one name is restored to neither."""
    vault = vault_in(store)
    await vault.save("app", ["conv_1"], ANNA | ZOE)
    await vault.save("app", ["conv_1"], {"k3x9pa": ("PERSON", "Bob")})
    assert await vault.load("app", ["conv_1"]) == [ZOE]


@pytest.mark.parametrize(("key", "app", "name"), [(KEY, "other", "r"), (KEY, "app", "R"), (b"x" * 32, "app", "r")])
async def test_only_who_saved_it_has_it(store: Store, key: bytes, app: str, name: str):
    """Another app, another name or another gateway's key finds nothing."""
    await vault_in(store).save("app", ["r"], ANNA)
    other = vault_in(store, key)
    assert await other.load(app, [name]) == []
    assert (other.hits, other.misses, other.rejected) == (0, 1, 0)


async def test_what_is_not_ours_is_not_believed(store: Store):
    """What somebody else put into the store, or moved there, is counted and taken for nothing, and is written over."""
    vault = vault_in(store)
    await vault.save("app", ["r"], ANNA)
    [sealed] = await store.get_many([storage_name(KEY, "app", "r")])
    for blob in (sealed, b"", b"\x01" * 100, sealed[:-1], b"x" * 10_000_000):
        await store.put_many({storage_name(KEY, "app", "moved"): blob}, 60)
        assert await vault.load("app", ["moved"]) == []
    assert vault.rejected == 5
    await vault.save("app", ["moved"], ZOE)
    assert await vault.load("app", ["moved"]) == [ZOE]


async def test_forgetting(store: Store):
    """What the provider has deleted is nowhere any more."""
    vault = vault_in(store)
    await vault.save("app", ["a", "b"], ANNA)
    await vault.forget("app", ["a", "none"])
    assert await vault.load("app", ["a", "b"]) == [ANNA]
    assert len(store) == 1


async def test_a_store_that_is_away(store: Store):
    """No call fails an exchange: nothing is known, nothing is kept, each failure is counted, and why is said until it is over."""
    vault = vault_in(store)
    await vault.save("app", ["r"], ANNA)
    store.failing = {"get", "put", "drop"}
    assert await vault.load("app", ["r"]) == []
    await vault.save("app", ["r2"], ANNA)
    await vault.forget("app", ["r"])
    assert (vault.errors, vault.problem, vault.misses) == (3, "TimeoutError", 0)
    store.failing = set()
    assert await vault.load("app", ["r", "r2"]) == [ANNA]
    assert (vault.errors, vault.problem) == (3, None)


@pytest.mark.parametrize("failing", ["get", "put"])
async def test_a_failure_loses_nothing_older(store: Store, failing: str):
    """An exchange that cannot read what a conversation has does not write over it."""
    vault = vault_in(store)
    await vault.save("app", ["conv_1"], ANNA)
    store.failing = {failing}
    await vault.save("app", ["conv_1"], ZOE)
    store.failing = set()
    assert await vault.load("app", ["conv_1"]) == [ANNA]
    assert vault.errors == 1


async def test_nothing_to_do_asks_nobody(store: Store):
    """Exchanges without names or placeholders cost the store nothing."""
    vault = vault_in(store)
    assert await vault.load("app", []) == []
    await vault.save("app", [], ANNA)
    await vault.save("app", ["r"], {})
    await vault.forget("app", [])
    assert store.calls == []


async def test_names_have_a_bound(store: Store):
    """Only so many names are asked for at once, each once; what is beyond is counted."""
    vault = vault_in(store)
    names = [f"file_{number}" for number in range(MAX_NAMES + 3)]
    await vault.save("app", [*names, *names], ANNA)
    assert (vault.left_out, len(store)) == (3, MAX_NAMES)
    assert len(await vault.load("app", [*names, *names])) == MAX_NAMES
    assert (vault.left_out, vault.hits) == (6, MAX_NAMES)


async def test_entries_have_a_bound(store: Store):
    """One name keeps so many entries, and one exchange inherits so many in all, of each name the newest; what is beyond is counted."""
    vault = vault_in(store)
    many = {f"a{number}": ("PERSON", "Anna") for number in range(MAX_ENTRIES - 1)}
    await vault.save("app", ["many"], many)
    await vault.save("app", ["two"], ANNA | ZOE)
    assert await vault.load("app", ["many", "two", "two again", "many again"]) == [many, ZOE]
    assert (vault.left_out, vault.hits, vault.misses) == (1, 2, 2)
    await vault.save("app", ["three"], ANNA)
    assert await vault.load("app", ["many", "two", "three"]) == [many, ZOE]
    assert (vault.left_out, vault.hits, vault.misses) == (3, 4, 2)
    await vault.save("app", ["many"], ANNA | ZOE)
    assert vault.left_out == 4
    [kept] = await vault.load("app", ["many"])
    assert (len(kept), list(kept)[-2:], "a0" in kept) == (MAX_ENTRIES, [*ANNA, *ZOE], False)


async def test_two_workers_and_a_redis(tmp_path: Path):
    """What one gateway saves another restores, and neither value nor app nor id is to be read in the server's memory or file."""
    with running_redis(tmp_path) as server:
        stores = [RedisStore(server.url, 5, 1 << 20) for _ in range(2)]
        one, other = map(vault_in, stores)
        await asyncio.gather(*(one.save("support", [f"resp_{number}"], {"k3x9pa": ("PERSON", f"Anna {number}")}) for number in range(50)))
        found = await asyncio.gather(*(other.load("support", [f"resp_{number}"]) for number in range(50)))
        assert found == [[{"k3x9pa": ("PERSON", f"Anna {number}")}] for number in range(50)]
        await stores[0]._client.save()
        dump = (tmp_path / "dump.rdb").read_bytes()
        assert storage_name(KEY, "support", "resp_7").encode() in dump
        for word in (b"Anna", b"PERSON", b"k3x9pa", b"support", b"resp_7"):
            assert word not in dump
        server.kill()
        assert await other.load("support", ["resp_1"]) == []
        assert (other.errors, other.problem) == (1, "ConnectionError")
        for store in stores:
            await store.close()


async def test_what_an_exchange_remembers(store: Store):
    """Under each name once, however often the answer says it; the next exchange that refers to one can restore it."""
    tokens, later = Tokens(KEY, "app"), Tokens(KEY, "app")
    tokens.issue("PERSON", "Anna", restore=True)
    first = Recollection(vault_in(store), "app:a", tokens)
    for names in (["resp_1"], ["resp_1", "conv_1"], ["conv_1"], []):
        await first.remember(names)
    assert store.calls.count("put") == 2
    await Recollection(vault_in(store), "app:a", later).recall(["conv_1"])
    assert later.restorable() == tokens.restorable()


async def test_an_exchange_remembers_under_so_many_names(store: Store):
    """An answer of any number of rows, each with an id of its own, costs a bounded number of calls."""
    tokens = Tokens(KEY, "app")
    tokens.issue("PERSON", "Anna", restore=True)
    recollection = Recollection(vault_in(store), "app:a", tokens)
    for number in range(MAX_NAMES + 50):
        await recollection.remember([f"resp_{number}"])
    assert store.calls.count("put") == MAX_NAMES
