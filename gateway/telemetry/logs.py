"""The gateway's own log, on standard error: a line for people, or an object of JSON for machines. It never has text of an exchange."""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import orjson

Style = Literal["text", "json"]
_TEXT = "%(asctime)s %(levelname)s %(message)s"
_NAMED = ("request_id", "trace_id", "span_id")
"""What a line may say besides, by which it is found again."""


def set_up(style: Style = "text") -> None:
    """For the whole process; the last call counts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_TEXT) if style == "text" else JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


class JsonLines(logging.Formatter):
    """Of an exception only its type is said: its text may hold what an exchange held."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name in _NAMED if (value := getattr(record, name, None))},
        }
        if record.exc_info and record.exc_info[0]:
            said["error"] = record.exc_info[0].__name__
        return orjson.dumps(said, default=str).decode()
