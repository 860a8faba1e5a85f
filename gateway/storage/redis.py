"""A store in a Redis or Valkey, by ``redis://`` or, with TLS, ``rediss://``. Its client library is an extra: ``oddgate[redis]``."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from gateway.proxy.vault import StoreUnavailable

_MAX_CONNECTIONS = 64

T = TypeVar("T")


class RedisStore:
    """Connects when it is first asked for something, and again whenever the server is back.

    ``max_value_bytes``: no more is read of a value, whatever others have put there.
    """

    def __init__(self, url: str, timeout_s: float, max_value_bytes: int) -> None:
        try:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import RedisError
        except ImportError:
            raise RuntimeError("state.url names a Redis, whose client library is not installed; pip install 'oddgate[redis]'") from None
        self._timeout_s = timeout_s
        self._max_value_bytes = max_value_bytes
        self._errors = (RedisError, OSError)
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_MAX_CONNECTIONS,
            # One limit for the whole of a call is ours; the library's own, one for each step, would lose a cancellation on Python 3.11.
            timeout=None,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 1),  # a connection that the server has closed meanwhile
            protocol=2,
        )
        self._client = Redis.from_pool(pool)

    async def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        pipeline = self._client.pipeline(transaction=False)
        for name in names:
            pipeline.getrange(name, 0, self._max_value_bytes)
        found: list[bytes] = await self._in_time(pipeline.execute())
        return [value or None for value in found]

    async def put_many(self, items: Mapping[str, bytes], ttl_s: float) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for name, value in items.items():
            pipeline.set(name, value, px=max(1, round(ttl_s * 1000)))
        await self._in_time(pipeline.execute())

    async def drop_many(self, names: Sequence[str]) -> None:
        if names:
            await self._in_time(self._client.delete(*names))

    async def close(self) -> None:
        with suppress(StoreUnavailable):
            await self._in_time(self._client.aclose())

    async def _in_time(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await work
        except self._errors as error:
            reason = type(error).__name__
        raise StoreUnavailable(reason)  # out here, since the library's errors quote the command
