"""A program's own log to a collector, by OTLP over HTTP, besides where it goes already: what the lines on standard error say, and no more.

Whoever logs never waits. Lines wait in a bounded queue for a thread that sends them; what finds no room is counted and said once there is.
"""

import logging
import queue
import re
import threading
from importlib.metadata import version

from gateway.telemetry.logs import said, severity
from gateway.watch.otel.collector import Exports, exports, require, resource
from gateway.watch.otel.encoding import Encoder, Line
from gateway.watch.store import SinkError

MAX_WAITING = 1000
_BATCH = 200
_MAX_TEXT = 4096
_IDLE_S = 0.5
_RETRY_S, _MAX_RETRY_S = 1.0, 30.0
_END_S = 2.0
_TRACE_ID, _SPAN_ID = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{16}")

_DROPPED = "%d log lines did not reach the collector"

log = logging.getLogger("oddgate.logs")


def send_logs(url: str, part: str) -> None:
    """From now on, to the collector at ``url``; ``part`` says which of our programs this is.

    Raises RuntimeError where the extra ``otel`` is not installed.
    """
    require()
    ours = version("oddgate")
    encoder = Encoder(resource(ours).attributes, ours)
    logging.getLogger().addHandler(OtlpLogs(exports(url, "logs", encoder.line, encoder.export), part))


class OtlpLogs(logging.Handler):
    def __init__(self, exports: Exports, part: str) -> None:
        super().__init__()
        self._exports = exports
        self._part = part
        self._lines: queue.Queue[Line] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        if threading.get_ident() == self._thread.ident and record.msg != _DROPPED:
            return  # what the sending itself says would be sent without end
        try:
            self._lines.put_nowait(_line(record, self._part))
        except queue.Full:
            self._dropped += 1
        except (ValueError, TypeError):  # a message that is none
            self.handleError(record)

    def close(self) -> None:
        """Sends what there is, if the collector takes it at once."""
        self._ends.set()
        self._thread.join(_END_S)
        super().close()

    def _run(self) -> None:
        while not (self._ends.is_set() and self._lines.empty()):
            batch = self._taken()
            if batch and not self._send(batch):
                return

    def _taken(self) -> list[Line]:
        batch: list[Line] = []
        try:
            batch.append(self._lines.get(timeout=_IDLE_S))
            while len(batch) < _BATCH:
                batch.append(self._lines.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _send(self, batch: list[Line]) -> bool:
        """Again and again, until it is taken; False where everything ends before."""
        retry_s = _RETRY_S
        while True:
            try:
                self._dropped += len(batch) - self._exports.send(batch)
                break
            except SinkError as error:
                if retry_s == _RETRY_S:
                    log.warning("log lines do not reach the collector: %s; up to %d wait for it", error, MAX_WAITING)
                if self._ends.wait(retry_s):
                    return False
                retry_s = min(2 * retry_s, _MAX_RETRY_S)
        if (dropped := self._dropped) and not self._lines.full():
            self._dropped -= dropped
            log.warning(_DROPPED, dropped)
        return True


def _line(record: logging.LogRecord, part: str) -> Line:
    line = said(record)
    named = {"oddgate.part": part, "oddgate.logger": line["logger"], "oddgate.request.id": line.get("request_id", "")}
    attributes = {name: str(value) for name, value in {**named, "oddgate.error": line.get("error", "")}.items() if value}
    trace_id, span_id = str(line.get("trace_id", "")), str(line.get("span_id", ""))
    is_traced = bool(_TRACE_ID.fullmatch(trace_id))
    return Line(
        int(record.created * 1e9), severity(record), record.levelname, line["message"][:_MAX_TEXT], attributes,
        trace_id if is_traced else "", span_id if is_traced and _SPAN_ID.fullmatch(span_id) else "",
    )  # fmt: skip
