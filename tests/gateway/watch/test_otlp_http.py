"""A client of a collector, by the variables that exporters know."""

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator

import pytest

from gateway.watch.otlp_http import OtlpPost
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


def test_certificates(monkeypatch: pytest.MonkeyPatch):
    """The collector's, and ours with its key."""
    for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", name.lower())
    session = OtlpPost("https://127.0.0.1:1", "traces")._session
    assert (session.verify, session.cert) == ("certificate", ("client_certificate", "client_key"))


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
