"""A program's own log, put by for the watch, which looks for what is not as usual in it, besides where it goes already.

Only of our own loggers the text is put by: what libraries say may hold what an exchange held, and of that it is put by whose it is.
Whoever logs never waits: what finds no room is dropped.
"""

import logging
import re
from collections.abc import Callable, Iterable

from gateway.telemetry.logs import said, severity
from gateway.telemetry.observed import MAX_BODY, OWN, LogSeen

WRITER = "spool"
"""The thread that puts by: what that says itself would be put by without end."""
_OURS = "oddgate"
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


class OwnLog(logging.Handler):
    """``put`` takes a line and about how much it is, and does not wait; ``end`` puts by what is left."""

    def __init__(self, put: Callable[[Iterable[LogSeen], int], None], end: Callable[[], None]) -> None:
        super().__init__()
        self._put = put
        self._end = end

    def emit(self, record: logging.LogRecord) -> None:
        if record.threadName == WRITER:
            return
        try:
            seen = _seen(record)
        except (ValueError, TypeError):  # a message that is none
            self.handleError(record)
        else:
            self._put((seen,), len(seen.body))

    def close(self) -> None:
        self._end()
        super().close()


def _seen(record: logging.LogRecord) -> LogSeen:
    line = said(record)
    text = line["message"] if record.name.partition(".")[0] == _OURS else record.name
    error, trace_id = line.get("error", ""), str(line.get("trace_id", ""))
    body = f"{text} ({error})" if error else text
    return LogSeen(record.created, OWN, severity(record), body[:MAX_BODY], trace_id if _TRACE_ID.fullmatch(trace_id) else "")
