"""What detecting costs: processor time on labelled texts, on clean ones, and on a chat that resends its history. The clock is an argument.

Every text is judged alone, as a gateway does it, so that no batch of texts makes a model look faster than it is on the path.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from detectors.finding import Finding
from detectors.training.evaluate_pii import Detect, Row

Clock = Callable[[], int]
"""Processor time in nanoseconds."""

_CLEAN_CHARS = 1000
_TURNS, _MESSAGE_CHARS = 20, 600

_PROSE = """The kettle had been on the stove for a while before anyone thought of the cups. Outside, rain was falling on the leaves
of the old apple tree, and the gutter over the door had begun to drip in its slow, familiar way. We had meant to talk about the plan for
the garden, but the talk kept turning to other things: how bread rises better in a warm room, why the stairs creak only at night, whether a
longer table would leave space for the bookshelf. Somebody laughed and said that every house is a list of small repairs that nobody ever
finishes. It was true of this one. The window in the kitchen stuck, the lamp in the hall hummed, and the drawer with the string and the
candles had to be lifted a little before it would close. None of it mattered much. When the rain stopped we carried the chairs out again,
wiped them dry with a towel, and sat where the light came through the branches. The soup was good, if a little salty, and there was enough
of it for everyone to have a second bowl and still leave some for tomorrow. """.replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Chat:
    """Processor seconds: a whole conversation in which each request resends all before it, its last request alone, and that one again."""

    conversation_s: float
    last_turn_s: float
    repeated_s: float

    def as_json(self) -> dict[str, float]:
        return {
            "conversation_ms": round(self.conversation_s * 1e3, 3),
            "last_turn_ms": round(self.last_turn_s * 1e3, 3),
            "repeated_ms": round(self.repeated_s * 1e3, 3),
        }


def timed(detect: Detect, texts: Sequence[str], clock: Clock) -> tuple[list[list[Finding]], float]:
    """The findings, and the seconds that they took."""
    before = clock()
    found = [detect([text])[0] for text in texts]
    return found, (clock() - before) / 1e9


def median_us(detect: Detect, texts: Sequence[str], clock: Clock, repeats: int = 300) -> float:
    """The median for one text."""
    return statistics.median(timed(detect, [texts[turn % len(texts)]], clock)[1] for turn in range(repeats)) * 1e6


def clean_texts(rows: Iterable[Row]) -> list[str]:
    """Texts of 1 kB made of the rows without labels; of ordinary prose where these do not make one."""
    return list(_chunks((row.text for row in rows if not row.labels), _CLEAN_CHARS)) or [_PROSE[:_CLEAN_CHARS]]


def messages(rows: Iterable[Row]) -> list[str]:
    """A chat of 20 messages with personal data in them; fewer where the rows do not make so many."""
    return [text for text, _ in zip(_chunks((row.text for row in rows if row.labels), _MESSAGE_CHARS), range(_TURNS), strict=False)]


def _chunks(texts: Iterable[str], size: int) -> Iterator[str]:
    """Pieces of ``size`` characters of the joined texts; what is left over makes none."""
    held = ""
    for text in texts:
        held += text + "\n"
        while len(held) >= size:
            yield held[:size]
            held = held[size:]


def chat(detect: Detect, turns: Sequence[str], clock: Clock) -> Chat:
    """What a chat costs a detector, which may remember what it has seen."""
    requests = [timed(detect, turns[: count + 1], clock)[1] for count in range(len(turns))]
    repeated = timed(detect, turns, clock)[1]
    return Chat(sum(requests), requests[-1] if requests else 0.0, repeated)
