"""A collector that keeps every export that it is sent, once it has read it by the protocol; see ``collector`` for what serves it."""

from dataclasses import dataclass, field
from typing import Any

from gateway.wire.otlp.exports import SIGNALS


@dataclass
class Sink:
    """``answers`` are the statuses of the next answers, then always 200; it says of each export that it rejects so many records."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    rejects: int = 0
    asked: int = 0
    exports: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        status = self.answers.pop(0) if self.answers else 200
        if status != 200:
            return status, b"no"
        signal = SIGNALS[path]
        message = signal.request.FromString(body)
        if headers["content-type"] != "application/x-protobuf" or message.SerializeToString() != body:
            self.faults.append(path)
            return 400, b""
        self.headers.append(headers)
        self.exports.append((path, message))
        answer = signal.response()
        if self.rejects:
            setattr(answer.partial_success, signal.rejected, self.rejects)
        return 200, answer.SerializeToString()

    def text(self) -> str:
        """All that was received, as a person would read it."""
        return "\n".join(str(message) for _, message in self.exports)
