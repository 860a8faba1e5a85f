"""The requests that are sent: three sizes, each without and with personal data, and some that are never the same twice."""

import json
import string
from dataclasses import dataclass

_SLOT = "zzzzzzzz"
"""Eight letters that a fresh body replaces by the request's number, so that no two texts are equal and the length stays."""


@dataclass(frozen=True, slots=True)
class Body:
    """``fresh``: the text differs in every request, so that no memory of earlier scans helps."""

    name: str
    content: bytes
    fresh: bool = False

    def render(self, number: int) -> bytes:
        return self.content.replace(_SLOT.encode(), _letters(number)) if self.fresh else self.content


def _letters(number: int) -> bytes:
    letters = bytearray(len(_SLOT))
    for place in range(len(_SLOT)):
        number, digit = divmod(number, 25)
        letters[place] = ord(string.ascii_lowercase[digit])  # never z, so that a rendered text is no template
    return bytes(letters)


_PLAIN = (
    "The delivery that was promised for this week has not arrived, and the tracking page shows no change since the parcel left the depot.",
    "Our meeting room is booked from nine until noon, so the workshop will move to the large hall and start a little later than planned.",
    "When the pump runs for more than an hour it becomes louder, which suggests that the filter is clogged or a bearing is worn.",
    "Please compare the two drafts and tell me which of them explains the pricing more clearly to a reader who has never seen the product.",
    "The garden needs water twice a week in summer, early in the morning, and the young trees should be covered when nights turn cold.",
    "After the update the report opens as before, but the totals in the last column are rounded and no longer add up to the sum below.",
)
_PERSONAL = (
    "You can reach me at maria.lindqvist@example.org or on +1 212 555 0143 if the courier has questions about the entrance.",
    "The invoice was paid with card 4111 1111 1111 1111 and the refund should go to IBAN DE89 3704 0044 0532 0130 00, please.",
    "My name is Harold Whitcombe, I signed in from 203.0.113.77, and my colleague uses h.whitcombe@example.com for the same account.",
    "The form asks for a social security number, which is 536-90-4399, and for the phone number of my brother, (415) 555-0132.",
)


def paragraph(length: int, personal: bool, start: int = 0) -> str:
    """Sentences in turn until ``length`` characters are reached; with ``personal`` every fourth one holds personal data."""
    sentences: list[str] = []
    while sum(map(len, sentences)) + len(sentences) < length:
        turn = start + len(sentences)
        source = _PERSONAL if personal and turn % 4 == 0 else _PLAIN
        sentences.append(source[(turn // 4 if source is _PERSONAL else turn) % len(source)])
    return " ".join(sentences)


def _encode(messages: list[dict[str, str]], *, model: str = "bench", stream: bool = False) -> bytes:
    request: dict[str, object] = {"model": model, "messages": messages, "temperature": 0.2}
    if stream:
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(request, separators=(",", ":")).encode()


def _one_message(length: int, personal: bool) -> bytes:
    return _encode([{"role": "user", "content": paragraph(length, personal)}])


def _history(personal: bool, last: str = "") -> bytes:
    """About 12 kB in 20 turns."""
    turns = [{"role": ("user", "assistant")[turn % 2], "content": paragraph(480, personal, start=turn)} for turn in range(20)]
    system = {"role": "system", "content": "You are the assistant of a mail-order shop. Answer briefly and politely."}
    return _encode([system, *turns, {"role": "user", "content": last or "Thank you. What happens next?"}])


_FRESH_TEXT = f"My order number is {_SLOT}. Please write to {_SLOT}@example.org when it leaves, and tell Harold Whitcombe about it."

SHORT = Body(
    "short",
    _encode([{"role": "user", "content": "Please explain in two sentences why the sky looks blue at noon and red in the evening."}]),
)
SHORT_PII = Body("short+pii", _encode([{"role": "user", "content": _PERSONAL[0]}]))
HISTORY = Body("history", _history(personal=False))
HISTORY_PII = Body("history+pii", _history(personal=True))

REPEATED = (SHORT, SHORT_PII, Body("2k", _one_message(1800, False)), Body("2k+pii", _one_message(1800, True)), HISTORY, HISTORY_PII)
FRESH = (
    Body("short+pii, fresh", _encode([{"role": "user", "content": _FRESH_TEXT}]), fresh=True),
    Body("history+pii, fresh turn", _history(personal=True, last=_FRESH_TEXT), fresh=True),
)
STREAMED = Body("stream", _encode([{"role": "user", "content": _PERSONAL[0]}], stream=True))

_FRESH_FORMS = f"My order number is {_SLOT}. Please write to {_SLOT}@example.org when it leaves, the card is 4111 1111 1111 1111."


def _soaked(text: str, *, stream: bool = False) -> Body:
    return Body("soak", _encode([{"role": "user", "content": text}], model="echo", stream=stream), fresh=True)


SOAK = ((_soaked(_FRESH_FORMS), 0.85), (_soaked(_FRESH_FORMS, stream=True), 0.1), (_soaked(_FRESH_TEXT), 0.05))
"""What a soak sends, and its shares: names take a language model, which would be all that is measured if every text had one."""
