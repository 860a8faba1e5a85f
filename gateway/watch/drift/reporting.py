"""Asks a process of its own for a report on two windows: what it needs is large, and is never loaded here."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from gateway.watch.drift.report_child import EACH
from gateway.watch.drift.windows import Tables

_CHILD = "gateway.watch.drift.report_child"
_WITHIN_S = 120.0
_MAX_SAID = 1 << 20


class ReportError(Exception):
    """There is no report; it says why, without a word of what was to be reported."""


def is_installed() -> bool:
    return find_spec("evidently") is not None


def report(tables: Tables, out: Path | None = None, within_s: float = _WITHIN_S) -> dict[str, Any]:
    """What is said of each column: ``method``, ``threshold``, ``value``, ``drifted``. The page is written to ``out``, whole or not at all.
    Raises ``ReportError``, also where what it needs is not installed.
    """
    if not is_installed():
        raise ReportError("reports need what is not installed: pip install 'oddgate[reports]'")
    beside = out.with_name(f".{out.name}.{os.getpid()}.new") if out else None
    command = [sys.executable, "-m", _CHILD, *([str(beside)] if beside else [])]
    environment = {**os.environ, "DO_NOT_TRACK": "1"}
    try:
        ended = subprocess.run(  # noqa: S603 ourselves
            command, input=orjson.dumps(asdict(tables)), capture_output=True, env=environment, timeout=within_s, check=False
        )
        if ended.returncode:
            raise ReportError(f"the report failed (code {ended.returncode})")
        said: dict[str, Any] = orjson.loads(ended.stdout[:_MAX_SAID])
        if out and beside:
            beside.replace(out)
    except subprocess.TimeoutExpired:
        raise ReportError(f"the report was not made within {within_s:.0f} s") from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise ReportError(f"the report failed ({type(error).__name__})") from None
    finally:
        if beside:
            beside.unlink(missing_ok=True)
    return said


def reports(windows: Iterable[Tables]) -> Iterator[dict[str, Any]]:
    """Of each pair of windows what ``report`` says, all by one process, for as long as it takes. Raises ``ReportError``."""
    if not is_installed():
        raise ReportError("reports need what is not installed: pip install 'oddgate[reports]'")
    command = [sys.executable, "-m", _CHILD, EACH]
    with subprocess.Popen(  # noqa: S603 ourselves
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "DO_NOT_TRACK": "1"}
    ) as child:
        if child.stdin is None or child.stdout is None:
            raise ReportError("the report failed")
        try:
            for each in windows:
                child.stdin.write(orjson.dumps(asdict(each)) + b"\n")
                child.stdin.flush()
                yield orjson.loads(child.stdout.readline())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ReportError(f"the report failed ({type(error).__name__})") from None
        finally:
            child.kill()
