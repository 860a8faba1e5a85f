"""What the gateway asks of a detector. Two shapes: one that runs where it stands, one that runs in the pool.

A detector looks at the text it is shown, and need not care how a value may be written: it is shown every reading (see ``readings``);
what it is shown besides, it asks for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from detectors.finding import Finding

Scanner = Callable[[Sequence[str]], list[list[Finding]]]
"""What a pool worker runs: texts in, the findings of each text out, offsets relative to that text."""


Disguise = Literal["spaced", "leet"]
"""A way to write that not every detector looks through: it would find too much (see ``disguises``)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text that was read in a picture, or why it was not read: one or two words in snake case."""

    text: str
    why: str = ""

    def __len__(self) -> int:
        return len(self.text)


Reader = Callable[[Sequence[str]], list[Reading]]
"""What a pool worker runs as well: pictures in base64 in, what could be read in each of them out."""


class InlineDetector(Protocol):
    """A detector that takes microseconds and may run on the event loop.

    ``digest`` names the detector and everything in its configuration that can change a result; equal digests
    give equal findings for equal texts, so results may be remembered under (digest, text).
    """

    name: str
    digest: str
    lookbehind: int
    """No finding depends on characters further than this before the settled offset that it is scanned from."""
    disguises: frozenset[Disguise]
    """The readings that it asks for besides those that every detector is shown."""

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        """All findings that begin at or after ``start``; characters before it are look-behind only."""
        ...

    def settled(self, text: str, start: int = 0) -> int:
        """How much of a growing text is decided.

        An offset p (``start <= p <= len(text)``), as large as can be told, for which it is certain that, whatever is appended to ``text``,

        * ``scan(text + more, start)`` has the same findings beginning before p as ``scan(text, start)``, and they end at or before p;
        * its findings beginning at or after p are those of ``scan((text + more)[q:], p - q)`` shifted by q, for every
          ``0 <= q <= max(0, p - lookbehind)``.

        So a stream may be scanned piece by piece, cut anywhere, with the result of scanning it whole.
        """
        ...


Shown = Literal["sentence", "text", "turn"]
"""``text``: all of it, of which a finding is about the whole. ``turn``: the same, with the turns before it (see ``turns.with_context``)."""


@runtime_checkable
class PooledDetector(Protocol):
    """A detector that takes milliseconds. It judges whole units, in a worker process, never on the event loop."""

    name: str
    digest: str
    factory: "Factory"
    reads: Shown
    """What a unit is."""

    def is_candidate(self, unit: str) -> bool:
        """Whether the model could find anything in this unit; must be cheap and must not lose findings."""
        ...


@dataclass(frozen=True, slots=True)
class Factory:
    """How a worker process builds a scanner or a reader: a dotted ``module:function`` path and its keyword arguments (plain values)."""

    path: str
    options: Mapping[str, str | int | float | bool | tuple[str, ...]]


TextDetector = InlineDetector | PooledDetector


def shown_to(detector: TextDetector) -> Shown | None:
    """What a pooled detector is shown; None: it runs where it stands. For each text: asking a protocol takes a thousand times as long."""
    shown: Shown | None = getattr(detector, "reads", None)
    return shown
