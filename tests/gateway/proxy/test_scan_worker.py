"""A worker's side of the pool's protocol: one answer a line for one job a line, whatever the line."""

import io
import json

import pytest

from gateway.proxy.scan_worker import serve

PATH = "tests.gateway.proxy.slow_detector:build"


def answers(*lines: bytes) -> list[dict]:
    out = io.BytesIO()
    serve(io.BytesIO(b"".join(line + b"\n" for line in lines)), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def job(*units: str, path: str = PATH, **options: object) -> bytes:
    return json.dumps({"path": path, "options": options, "units": units}).encode()


def test_findings():
    """Each unit's findings, field by field."""
    row = ["pii", "pii.PERSON", 0, 4, 0.5, 0]
    assert answers(job("Anna", "Bert"), job()) == [{"results": [[row], [row]]}, {"results": []}]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (job("fail my secret"), "RuntimeError"),
        (job("Anna", broken="my secret"), "ValueError"),
        (job("Anna", unknown=1), "TypeError"),
        (job("Anna", path="no.such.module:secret"), "ModuleNotFoundError"),
        (job("Anna", path="json:secret"), "AttributeError"),
        (b"secret", "JSONDecodeError"),
        (b"{}", "KeyError"),
        (b"[]", "TypeError"),
    ],
)
def test_errors(line: bytes, error: str):
    """An error is its type and none of its text, and the next line is answered."""
    first, second = answers(line, job("Anna"))
    assert first == {"error": error}
    assert "results" in second


def test_a_scanner_is_built_once(monkeypatch: pytest.MonkeyPatch):
    """Equal options share it; lists in them become tuples again."""
    from tests.gateway.proxy import slow_detector

    built = []
    real = slow_detector.build
    monkeypatch.setattr(slow_detector, "build", lambda **options: built.append(options) or real(**options))
    answers(job("a", names=["x"]), job("b", names=["x"]), job("c", names=["y"]), job("d"))
    assert built == [{"names": ("x",)}, {"names": ("y",)}, {}]
