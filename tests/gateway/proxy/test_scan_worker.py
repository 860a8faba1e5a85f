"""A worker's side of the pool's protocol: one answer a line for one batch a line, whatever the line."""

import io
import json

import pytest

from gateway.proxy.scan_worker import serve

PATH = "tests.gateway.proxy.slow_detector:build"


def answers(*lines: bytes) -> list[dict]:
    out = io.BytesIO()
    serve(io.BytesIO(b"".join(line + b"\n" for line in lines)), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def job(*units: str, path: str = PATH, **options: object) -> dict[str, object]:
    return {"path": path, "options": options, "units": units}


def batch(*jobs: object) -> bytes:
    return json.dumps(jobs).encode()


def row(unit: str) -> list[object]:
    return ["pii", "pii.PERSON", 0, len(unit), 0.5, 0]


def test_findings():
    """Each unit's findings, field by field, for each job; and how long that took."""
    first, second = answers(batch(job("Anna", "Bert"), job("Dora"), job()), batch())
    assert first["answers"] == [{"results": [[row("Anna")], [row("Bert")]]}, {"results": [[row("Dora")]]}, {"results": []}]
    assert second == {"answers": [], "seconds": 0.0}
    assert first["seconds"] > 0


def test_jobs_for_one_scanner_run_together(monkeypatch: pytest.MonkeyPatch):
    """In one call, whatever stands between them; another scanner's jobs are its own."""
    from tests.gateway.proxy import slow_detector

    calls = []
    real = slow_detector._scan
    monkeypatch.setattr(slow_detector, "_scan", lambda units: calls.append(list(units)) or real(units))
    answers(batch(job("a"), job("b", names=["x"]), job("c", "d")))
    assert calls == [["a", "c", "d"], ["b"]]


@pytest.mark.parametrize("bad", ["fail my secret", "short"])
def test_a_job_that_fails_among_others(bad: str):
    """It fails alone: the others have their own findings."""
    (given,) = answers(batch(job("Anna"), job(bad), job("Bert", "Cleo")))
    first, failed, last = given["answers"]
    assert (first, last) == ({"results": [[row("Anna")]]}, {"results": [[row("Bert")], [row("Cleo")]]})
    assert failed == ({"results": []} if bad == "short" else {"error": "RuntimeError"})


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"secret", "JSONDecodeError"),
        (b"[{}]", "KeyError"),
        (b"[[]]", "TypeError"),
    ],
)
def test_a_line_that_is_no_batch(line: bytes, error: str):
    """An error is its type and none of its text, and the next line is answered."""
    first, second = answers(line, batch(job("Anna")))
    assert first == {"error": error}
    assert second["answers"] == [{"results": [[row("Anna")]]}]


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (job("fail my secret"), "RuntimeError"),
        (job("Anna", broken="my secret"), "ValueError"),
        (job("Anna", unknown=1), "TypeError"),
        (job("Anna", path="no.such.module:secret"), "ModuleNotFoundError"),
        (job("Anna", path="json:secret"), "AttributeError"),
    ],
)
def test_errors(failing: dict[str, object], error: str):
    """The same of a job, and the next one is done."""
    (given,) = answers(batch(failing, job("Anna")))
    assert given["answers"] == [{"error": error}, {"results": [[row("Anna")]]}]


def test_a_scanner_is_built_once(monkeypatch: pytest.MonkeyPatch):
    """Equal options share it; lists in them become tuples again."""
    from tests.gateway.proxy import slow_detector

    built = []
    real = slow_detector.build
    monkeypatch.setattr(slow_detector, "build", lambda **options: built.append(options) or real(**options))
    answers(batch(job("a", names=["x"]), job("b", names=["x"])), batch(job("b", names=["x"]), job("c", names=["y"]), job("d")))
    assert built == [{"names": ("x",)}, {"names": ("y",)}, {}]
