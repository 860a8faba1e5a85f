"""The store in a real Redis: faults of the server, of the network between, and of those who share it."""

import asyncio
import datetime
import ipaddress
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio import Redis

from bench.processes import free_port
from gateway.proxy.vault import StoreUnavailable
from gateway.storage.redis import RedisStore
from tests.support.redis_server import RedisServer, running_redis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@asynccontextmanager
async def connected(url: str, timeout_s: float = 5, limit: int = 1000) -> AsyncIterator[RedisStore]:
    store = RedisStore(url, timeout_s, limit)
    try:
        yield store
    finally:
        await store.close()


async def test_a_crash_in_between(server: RedisServer):
    """While the server is away a call fails with our own error; once it is back, the next one does what it is asked."""
    async with connected(server.url) as store:
        await store.put_many({"a": b"1"}, 60)
        server.kill()
        for call in (store.get_many(["a"]), store.put_many({"a": b"1"}, 60), store.drop_many(["a"])):
            with pytest.raises(StoreUnavailable, match=r"^ConnectionError$"):
                await call
        server.start()
        assert await store.get_many(["a"]) == [None]
        await store.put_many({"a": b"2"}, 60)
        assert await store.get_many(["a"]) == [b"2"]


async def test_a_restart_is_not_noticed(server: RedisServer):
    """Connections that the server closed meanwhile do not fail the calls after it."""
    async with connected(server.url) as store:
        await asyncio.gather(*(store.get_many(["a"]) for _ in range(20)))
        server.kill()
        server.start()
        assert await asyncio.gather(*(store.get_many(["a"]) for _ in range(20))) == [[None]] * 20


async def test_nobody_gets_the_answer_to_another_call(server: RedisServer):
    """Calls that gave up on a silent server leave no answer behind for the calls after them."""
    async with connected(server.url) as store:
        values = {str(number): b"%d" % number for number in range(100)}
        await store.put_many(values, 60)
        await asyncio.gather(*(store.get_many([name]) for name in values))
        server.pause()
        store._timeout_s = 0.25
        late = asyncio.gather(*(store.get_many([name]) for name in values), return_exceptions=True)
        gone = [asyncio.ensure_future(store.get_many([name])) for name in values]
        await asyncio.sleep(0.05)
        for call in gone:
            call.cancel()
        assert {type(result) for result in await late} == {StoreUnavailable}
        server.resume()
        store._timeout_s = 5
        for _ in range(3):
            assert await asyncio.gather(*(store.get_many([name]) for name in values)) == [[value] for value in values.values()]


async def test_more_calls_than_connections(server: RedisServer):
    """Calls wait for one another's connections, and the server has no more of them than a bound."""
    async with connected(server.url) as store:
        await store.put_many({"a": b"1"}, 60)
        assert await asyncio.gather(*(store.get_many(["a"]) for _ in range(500))) == [[b"1"]] * 500
        async with Redis.from_url(server.url, protocol=2) as client:
            assert (await client.info("clients"))["connected_clients"] <= 65


async def test_a_time_is_set(server: RedisServer):
    """Whatever is put expires: the server itself has its time, and no value is kept for ever."""
    async with connected(server.url) as store, Redis.from_url(server.url, protocol=2) as client:
        await store.put_many({"a": b"1", "b": b"2"}, 3600.5)
        assert 0 < await client.pttl("a") <= 3_600_500
        await store.put_many({"a": b"3"}, 10)
        assert 0 < await client.pttl("a") <= 10_000


async def test_what_others_put_there(server: RedisServer):
    """No more is read of a value than may be, and one of another type is an error of ours."""
    async with connected(server.url, limit=1000) as store, Redis.from_url(server.url, protocol=2) as client:
        await client.set("long", b"x" * 100_000)
        [found] = await store.get_many(["long"])
        assert found == b"x" * 1001
        await client.rpush("list", b"x")
        with pytest.raises(StoreUnavailable, match=r"^ResponseError$"):
            await store.get_many(["list"])


async def test_no_room_left(tmp_path: Path):
    """A full server that may not evict says so, and the error shows nothing of what was to be kept, not even inside."""
    with running_redis(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        async with connected(server.url) as store:
            with pytest.raises(StoreUnavailable) as error:
                await store.put_many({"hush-name": b"hush-value"}, 60)
            assert "OutOfMemory" in str(error.value)
            assert (error.value.__cause__, error.value.__context__) == (None, None)


@pytest.mark.parametrize(
    ("user", "reason"),
    [("", "AuthenticationError"), (":wrong@", "AuthenticationError"), (":p%40ss%2Fword@", None), ("default:p%40ss%2Fword@", None)],
)
async def test_a_password(tmp_path: Path, user: str, reason: str | None):
    """It is taken from the URL, where its special characters are escaped; a wrong or missing one is our own error, without it."""
    with running_redis(tmp_path, "--requirepass", "p@ss/word") as server:
        async with connected(server.url.replace("//", f"//{user}")) as store:
            if reason is None:
                await store.put_many({"a": b"1"}, 60)
                assert await store.get_many(["a"]) == [b"1"]
            else:
                with pytest.raises(StoreUnavailable, match=f"^{reason}$"):
                    await store.get_many(["a"])


async def test_the_number_of_the_database(server: RedisServer):
    """Two numbers are two places."""
    async with connected(server.url) as store, connected(server.url.replace("/0", "/3")) as other:
        await store.put_many({"a": b"1"}, 60)
        assert await other.get_many(["a"]) == [None]


async def test_nobody_listens():
    """A server that was never there is the same error, and making the store is none."""
    async with connected(f"redis://127.0.0.1:{free_port()}") as store:
        with pytest.raises(StoreUnavailable, match=r"^ConnectionError$"):
            await store.get_many(["a"])


async def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By ``rediss://`` the server must show a certificate that this machine trusts."""
    certificate, key = _certificate(tmp_path)
    options = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no")
    with running_redis(tmp_path, *options, tls=True) as server:
        async with connected(server.url) as store:
            with pytest.raises(StoreUnavailable, match=r"^ConnectionError$"):
                await store.get_many(["a"])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with connected(server.url) as store:
            await store.put_many({"a": b"1"}, 60)
            assert await store.get_many(["a"]) == [b"1"]


def test_without_its_library(monkeypatch: pytest.MonkeyPatch):
    """Settings that name a Redis say what to install where its library is not."""
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(RuntimeError, match=r"oddgate\[redis\]"):
        RedisStore("redis://h", 1, 1000)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """One for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem", folder / "key.pem"
