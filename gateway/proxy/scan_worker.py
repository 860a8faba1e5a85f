"""A worker process of a pool: reads one job a line from standard input, writes its results a line to standard output, to the end.

Job: ``{"path", "options", "units"}``, answer: ``{"results": […]}`` or ``{"error": the exception's type}``. The result of a unit is its
findings, ``[[detector, kind, start, end, score, evidence], …]``, or its reading, ``[text, why]``. A scanner or reader is built when it is
first asked for. What libraries print goes nowhere.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from detectors.contract import Reader, Reading, Scanner
from detectors.finding import Finding

_Run = Scanner | Reader


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which still has exchanges to end
    with os.fdopen(os.dup(1), "wb") as out:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        serve(sys.stdin.buffer, out)


def serve(lines: BinaryIO, out: BinaryIO) -> None:
    built: dict[str, _Run] = {}
    for line in lines:
        out.write(json.dumps(_answer(line, built)).encode() + b"\n")
        out.flush()


def _answer(line: bytes, built: dict[str, _Run]) -> dict[str, object]:
    try:
        job = json.loads(line)
        name = json.dumps([job["path"], job["options"]], sort_keys=True)
        if name not in built:
            built[name] = _build(job["path"], job["options"])
        return {"results": [_plain(result) for result in built[name](job["units"])]}
    except Exception as error:  # noqa: BLE001 whatever a model's library raises, with its type and none of its text
        return {"error": type(error).__name__}


def _build(path: str, options: dict[str, object]) -> _Run:
    module, _, name = path.partition(":")
    build: Callable[..., _Run] = getattr(import_module(module), name)
    return build(**{key: tuple(value) if isinstance(value, list) else value for key, value in options.items()})


def _plain(result: Reading | list[Finding]) -> list[object]:
    return [result.text, result.why] if isinstance(result, Reading) else [_row(finding) for finding in result]


def _row(finding: Finding) -> list[object]:
    return [finding.detector, finding.kind, finding.start, finding.end, finding.score, int(finding.evidence)]


if __name__ == "__main__":
    main()
