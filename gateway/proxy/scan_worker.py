"""A worker process of a pool: reads a batch of jobs a line from standard input, writes their results a line to standard output.

Batch: ``[{"path", "options", "units"}, …]``. Answer: ``{"answers": […], "seconds": what the work took}``, with ``{"results": […]}`` or
``{"error": the exception's type}`` for each job; or such an error for a line that is no batch. The result of a unit is its findings,
``[[detector, kind, start, end, score, evidence], …]``, or its reading, ``[text, why]``. A scanner or reader is built when it is first asked
for; jobs for the same one are run together, which is quicker. What libraries print goes nowhere.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, BinaryIO

from detectors.contract import Reader, Reading, Scanner
from detectors.finding import Finding

_Run = Scanner | Reader
_Answer = dict[str, Any]


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


def _answer(line: bytes, built: dict[str, _Run]) -> _Answer:
    try:
        return _answer_all(json.loads(line), built)
    except Exception as error:  # noqa: BLE001 see _error
        return _error(error)


def _answer_all(jobs: list[_Answer], built: dict[str, _Run]) -> _Answer:
    alike: dict[str, list[int]] = {}
    for index, job in enumerate(jobs):
        alike.setdefault(json.dumps([job["path"], job["options"]], sort_keys=True), []).append(index)
    answers: list[_Answer] = [{} for _ in jobs]
    seconds = 0.0
    for name, members in alike.items():
        first = jobs[members[0]]
        try:
            run = built[name] = built.get(name) or _build(first["path"], first["options"])
        except Exception as error:  # noqa: BLE001 see _error
            given = [_error(error)] * len(members)
        else:
            begin = time.perf_counter()
            given = _run_together(run, [jobs[index]["units"] for index in members])
            seconds += time.perf_counter() - begin
        for index, answer in zip(members, given, strict=True):
            answers[index] = answer
    return {"answers": answers, "seconds": seconds}


def _run_together(run: _Run, units: Sequence[list[str]]) -> list[_Answer]:
    """The units of all jobs at once; each job by itself, if that fails, so that none fails for another."""
    if len(units) == 1:
        return [_run_alone(run, units[0])]
    everything = [unit for each in units for unit in each]
    answer = _run_alone(run, everything)
    if len(answer.get("results", ())) != len(everything):
        return [_run_alone(run, each) for each in units]
    results = iter(answer["results"])
    return [{"results": [next(results) for _ in each]} for each in units]


def _run_alone(run: _Run, units: list[str]) -> _Answer:
    try:
        return {"results": [_plain(result) for result in run(units)]}
    except Exception as error:  # noqa: BLE001 see _error
        return _error(error)


def _error(error: Exception) -> _Answer:
    """Whatever a model's library raises, with its type and none of its text."""
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
