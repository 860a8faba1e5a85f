"""The HTTP interface of ClickHouse, as far as its Python client speaks it, before ClickHouse's own engine in this process (``chdb``).

Run by an interpreter that has ``chdb``: ``python clickhouse_http.py PORT FOLDER PASSWORD``. It imports nothing of ours.
"""

import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from chdb import ChdbError
from chdb.session import Session

_READS = ("SELECT", "DESCRIBE", "SHOW", "WITH")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    session: Session
    lock = threading.Lock()
    folder = ""
    password = ""

    def do_GET(self) -> None:
        self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if not self._is_chunked() else self._chunks()
        if self._key() != self.password:
            self._fail(403, 516, "Authentication failed")
            return
        head, _, rows = body.partition(b"\n") if body.startswith(b"INSERT") else (body, b"", b"")
        statement = head.decode()
        if asked.get("readonly") == "2" and not statement.lstrip().upper().startswith(_READS):
            self._fail(500, 164, "Cannot execute query in readonly mode")
            return
        with self.lock:
            try:
                self._answer(200, self._run(asked, statement, rows))
            except ChdbError as error:
                text = str(error)
                self._fail(500, int(text.partition("Code: ")[2].partition(".")[0] or 1), text)

    def _run(self, asked: dict[str, str], statement: str, rows: bytes) -> bytes:
        self.session.query(f"USE {asked.get('database') or 'default'}")
        if not rows:
            return self.session.query(statement, "TabSeparated").bytes() or b""
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".native") as file:
            file.write(rows)
            file.flush()
            self.session.query(f"{statement.removesuffix(' FORMAT Native')} SELECT * FROM file('{file.name}', 'Native')")
        return b""

    def _key(self) -> str:
        import base64

        given = self.headers.get("Authorization", "")
        if given.startswith("Basic "):
            return base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")[2]
        return self.headers.get("X-ClickHouse-Key", "")

    def _is_chunked(self) -> bool:
        return self.headers.get("Transfer-Encoding", "") == "chunked"

    def _chunks(self) -> bytes:
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _fail(self, status: int, code: int, text: str) -> None:
        self._answer(status, f"Code: {code}. DB::Exception: {text}".encode(), {"X-ClickHouse-Exception-Code": str(code)})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    port, _Handler.folder, _Handler.password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    _Handler.session = Session(str(Path(_Handler.folder) / "data"))
    ThreadingHTTPServer(("127.0.0.1", port), _Handler).serve_forever()
