"""Asking the admin side: what it answers, and what it refuses in its own words."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from gateway.cli.admin_client import AdminClient, AdminError, reachable
from tests.support.one_line import running_line


class Answers(BaseHTTPRequestHandler):
    """By its path."""

    seen: ClassVar[list[tuple[str, str, str | None]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path, self.headers.get("Authorization")))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, body = {
            "/good?": (200, b'{"a": 1}'), "/post": (202, b'{"b": 2}'), "/list?": (200, b"[1]"), "/text?": (200, b"<html>"),
            "/refused?": (400, b'{"error": {"code": "c", "message": "Because."}}'), "/away?": (302, b""), "/odd?": (500, b"[]"),
        }[self.path]  # fmt: skip
        self.send_response(status)
        self.send_header("Location", "/good?")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 as it is declared

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_is_answered(url: str, monkeypatch: pytest.MonkeyPatch):
    """Objects, with the token, and past any proxy of the environment."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    client = AdminClient(url + "/", "hush")
    assert client.get("/good") == {"a": 1}
    assert client.send("POST", "/post", {"x": 1}) == {"b": 2}
    assert Answers.seen[-2:] == [("GET", "/good?", "Bearer hush"), ("POST", "/post", "Bearer hush")]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/refused", 400, "Because."), ("/odd", 500, "status 500"), ("/list", 0, "does not answer"), ("/text", 0, "does not answer"),
        ("/away", 302, "302"),
    ],
)  # fmt: skip
def test_what_is_not(url: str, path: str, status: int, said: str):
    """It says why; the token goes nowhere else, and what is no object is no answer."""
    with pytest.raises(AdminError, match=said) as error:
        AdminClient(url, "hush").get(path)
    assert error.value.status == status


def test_who_speaks_another_protocol():
    """What answers in no words of HTTP does not answer."""
    with running_line(b"-ERR unknown command\r\n") as port, pytest.raises(AdminError, match="does not answer"):
        AdminClient(f"http://127.0.0.1:{port}").get("/good")


@pytest.mark.parametrize(("host", "asked"), [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("10.0.0.1", "10.0.0.1")])
def test_where_it_is_asked(host: str, asked: str):
    """What listens everywhere is asked on this machine."""
    assert reachable(host) == asked
