"""A server of pages of metrics on this machine, which answers as a test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "text/plain; version=0.0.4"


@dataclass
class Pages:
    """``headers`` of the answer; ``hangs``: nothing is answered until the end; ``asked`` are the headers of each request."""

    url: str = ""
    status: int = 200
    body: bytes = b"# TYPE g gauge\ng 1\n"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": TEXT})
    hangs: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def running_pages(pages: Pages | None = None, port: int = 0) -> Iterator[Pages]:
    """While the block runs."""
    served, over = pages or Pages(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append({name.lower(): value for name, value in self.headers.items()})
            served.paths.append(self.path)
            if served.hangs:
                over.wait(30)
            with suppress(ConnectionError):  # whoever asked may have gone
                self.send_response(served.status)
                for name, value in served.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(served.body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/metrics"
    try:
        yield served
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
