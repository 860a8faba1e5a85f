"""The gateway's own log, on standard error: a line for people, or an object of JSON for machines. It never has text of an exchange.

Of an exception, whoever logs it, only its type and place are said: its text may hold what an exchange held.
"""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal

import orjson

Style = Literal["text", "json"]
_TEXT = "%(asctime)s %(levelname)s %(message)s"
_NAMED = ("request_id", "trace_id", "span_id")
"""What a line may say besides, by which it is found again."""


def set_up(style: Style = "text") -> None:
    """For the whole process; the last call counts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLines(_TEXT) if style == "text" else JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


_SEVERITIES = ((logging.CRITICAL, 21), (logging.ERROR, 17), (logging.WARNING, 13), (logging.INFO, 9), (logging.NOTSET, 5))


def severity(record: logging.LogRecord) -> int:
    """As OTLP's numbers have it."""
    return next(number for level, number in _SEVERITIES if record.levelno >= level)


_Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextLines(logging.Formatter):
    def formatException(self, ei: _Fault) -> str:  # noqa: N802 the library's name
        return _named(ei)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        ts = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return orjson.dumps({"ts": ts, **said(record)}, default=str).decode()


def said(record: logging.LogRecord) -> dict[str, str]:
    """All that is said of a line, but when."""
    named = {name: value for name in _NAMED if (value := getattr(record, name, None))}
    line = {"level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(), **named}
    return {**line, "error": _named(record.exc_info)} if record.exc_info else line


def _named(fault: _Fault) -> str:
    kind, _, trace = fault
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{kind.__name__}{where}" if kind else ""
