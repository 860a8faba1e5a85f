"""A client of a collector, by the variables that exporters know."""

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.watch.otel.client import OtlpPost
from tests.support.collector import Collector, running_collector


class Raw(Collector):
    """Keeps what was sent as it came."""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        self.headers.append({**headers, "path": path})
        self.faults.append(body.hex())
        return (self.answers.pop(0) if self.answers else 200), b"x" * self.rejects


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector(Raw()) as running:
        yield running


@pytest.mark.parametrize("compression", ["gzip", "deflate", "none", "", "brotli"])
@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"])
def test_compression(collector: Collector, monkeypatch: pytest.MonkeyPatch, compression: str, variable: str):
    """As the variable says; what is none of these is as if nothing had been said."""
    monkeypatch.setenv(variable, compression)
    assert OtlpPost(collector.url, "traces").post(b"abc" * 9) == (200, b"")
    unpack: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}
    packed = bytes.fromhex(collector.faults[0])
    assert unpack.get(compression, bytes)(packed) == b"abc" * 9
    assert collector.headers[0].get("content-encoding") == (compression if compression in unpack else None)


def test_headers(collector: Collector, monkeypatch: pytest.MonkeyPatch):
    """A signal's own variable comes over that for all; the path is the signal's."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a,x-b=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-b=2")
    OtlpPost(collector.url, "traces").post(b"")
    OtlpPost(collector.url, "logs").post(b"")
    assert [(seen["path"], seen.get("authorization"), seen["x-b"]) for seen in collector.headers] == [
        ("/v1/traces", "Bearer a", "1"), ("/v1/logs", None, "2"),
    ]  # fmt: skip


def test_headers_that_are_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """That is said, and nothing of them, which may be a key."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-a=1, Bearer canary")
    assert OtlpPost("http://127.0.0.1:1", "traces")._headers["x-a"] == "1"
    assert "OTEL_EXPORTER_OTLP_HEADERS has what is no header" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("url", ["collector:4318", "nowhere", "http://"])
def test_an_address_that_is_none(url: str):
    """It is a collector that cannot be reached, each time."""
    post = OtlpPost(url, "traces")
    assert [post.post(b"x") for _ in range(2)] == [(0, b"")] * 2


def test_certificates(monkeypatch: pytest.MonkeyPatch):
    """The collector's, and ours with its key."""
    for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", name.lower())
    session = OtlpPost("https://127.0.0.1:1", "traces")._session
    assert (session.verify, session.cert) == ("certificate", ("client_certificate", "client_key"))


def test_a_proxy(collector: Collector, monkeypatch: pytest.MonkeyPatch):
    """What all programs know of proxies counts, as it was at the start."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", collector.url)
    post = OtlpPost("http://collector.invalid:4318", "traces")
    monkeypatch.delenv("http_proxy")
    assert [post.post(body)[0] for body in (b"a", b"")] == [200, 200]
    assert [seen["path"] for seen in collector.headers] == ["http://collector.invalid:4318/v1/traces"] * 2
    assert collector.faults == [b"a".hex(), ""]


def test_a_password(collector: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """That of ``.netrc`` is sent."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login us password canary\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert OtlpPost(collector.url, "traces").post(b"x") == (200, b"")
    assert collector.headers[0]["authorization"].startswith("Basic ")


@pytest.mark.parametrize("said", ["soon", "-1", "nan", "1e9"])
def test_a_timeout_that_is_none(said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """It is said, and the usual one counts."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", said)
    assert OtlpPost("http://127.0.0.1:1", "traces")._timeout_s == 10
    assert "OTEL_EXPORTER_OTLP_TIMEOUT" in caplog.text


def test_a_long_answer(collector: Collector):
    """Only its beginning is read."""
    collector.rejects = 80 << 10
    status, content = OtlpPost(collector.url, "traces").post(b"")
    assert (status, len(content)) == (200, 64 << 10)


def test_connections_that_are_closed():
    """One that was kept and has gone meanwhile is no failure; a collector that has gone itself is one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(3):
                connection = listening.accept()[0]
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        post = OtlpPost(f"http://127.0.0.1:{listening.getsockname()[1]}", "traces")
        assert [post.post(b"x")[0] for _ in range(3)] == [200] * 3
        thread.join()
    assert post.post(b"x") == (0, b"")
    post.close()
