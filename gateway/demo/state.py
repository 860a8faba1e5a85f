"""What the surfaces share: the clock, the names of the models, and shelves for what clients store."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.demo.exchange import Answer, Ask, Streamed
from gateway.demo.shelf import Shelf

_MOST = 200
_MOST_BYTES = 8 * 1024 * 1024
_MOST_FILE_BYTES = 64 * 1024 * 1024

SHELVES = (
    "response", "conversation", "file", "batch", "message batch", "fine-tuning job", "vector store", "vector store file", "assistant",
    "thread", "message", "run",
)  # fmt: skip


class State:
    def __init__(self, models: Sequence[str], clock: Callable[[], float], perform: "Handler") -> None:
        self.models = tuple(models)
        self._clock = clock
        self._perform = perform
        self._shelves = {what: Shelf(what, most=_MOST, most_bytes=_MOST_FILE_BYTES if what == "file" else _MOST_BYTES) for what in SHELVES}
        self._ids = 0

    @property
    def now(self) -> int:
        return int(self._clock())

    def timestamp(self, later_s: int = 0) -> str:
        return datetime.fromtimestamp(self.now + later_s, UTC).isoformat().replace("+00:00", "Z")

    def shelf(self, what: str) -> Shelf:
        return self._shelves[what]

    def new_id(self, prefix: str) -> str:
        self._ids += 1
        return f"{prefix}{digest(f'{prefix}{self._ids}'.encode())}"

    def perform(self, ask: Ask) -> Answer | Streamed:
        """Another request within this one, as the rows of a batch are."""
        return self._perform(ask, self)


Handler = Callable[[Ask, State], Answer | Streamed]


@dataclass(frozen=True, slots=True)
class Route:
    """``Route("GET", "/v1/files/{id}", show)``: a part in braces is named in the Ask."""

    method: str
    path: str
    handler: Handler


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:24]
