"""What every store of the vault does, the real Redis among them."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.proxy.vault import VaultStore
from gateway.storage.memory import MemoryStore
from gateway.storage.redis import RedisStore
from tests.support.redis_server import running_redis

LIMIT = 1 << 20


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VaultStore]:
    if request.param == "memory":
        yield MemoryStore(16 * LIMIT, time.monotonic)
        return
    with running_redis(tmp_path) as server:
        made = RedisStore(server.url, 5, LIMIT)
        yield made
        await made.close()


async def test_what_was_put_is_there(store: VaultStore):
    """Any bytes come back as they were, in the order that is asked for; what is not there is None; the last value counts."""
    values = {"a": bytes(range(256)), "b": b"\r\n$-1\r\n", "c": b"x" * LIMIT}
    await store.put_many(values, 60)
    assert await store.get_many(["c", "none", "a", "b", "a"]) == [values["c"], None, values["a"], values["b"], values["a"]]
    await store.put_many({"a": b"new"}, 60)
    assert await store.get_many(["a"]) == [b"new"]


async def test_what_was_dropped_is_not(store: VaultStore):
    """A dropped value is gone, and only that; dropping what is not there is no error."""
    await store.put_many({"a": b"1", "b": b"2"}, 60)
    await store.drop_many(["a", "none"])
    assert await store.get_many(["a", "b"]) == [None, b"2"]


async def test_nothing_is_no_error(store: VaultStore):
    """Asking for nothing gives nothing."""
    await store.put_many({}, 60)
    await store.drop_many([])
    assert await store.get_many([]) == []


async def test_what_is_kept_ends(store: VaultStore):
    """A value is gone after its time, however short that is; others are not."""
    await store.put_many({"a": b"1"}, 0.001)
    await store.put_many({"b": b"2"}, 60)
    until = time.monotonic() + 60
    while (found := await store.get_many(["a", "b"])) != [None, b"2"]:
        assert found == [b"1", b"2"]
        assert time.monotonic() < until
