"""What detecting costs, by a clock that is moved by hand."""

from collections.abc import Sequence

import pytest

from detectors.finding import Finding
from detectors.training.cost import Chat, chat, clean_texts, median_us, messages, timed
from detectors.training.evaluate_pii import Label, Row


class Stand:
    """A detector and its clock: a character costs a millisecond."""

    def __init__(self) -> None:
        self.now = 0
        self.calls: list[int] = []

    def clock(self) -> int:
        return self.now

    def detect(self, texts: Sequence[str]) -> list[list[Finding]]:
        self.calls.append(len(texts))
        self.now += sum(map(len, texts)) * 1_000_000
        return [[Finding("pii", "pii.X", 0, len(text), 1.0)] for text in texts]


@pytest.fixture
def stand() -> Stand:
    return Stand()


def row(text: str, *, labelled: bool) -> Row:
    return Row(text, (Label(0, 1, "PERSON"),) if labelled else ())


def test_timed(stand):
    """Each text is judged alone, and all of their time counts."""
    found, seconds = timed(stand.detect, ["ab", "abc"], stand.clock)
    assert ([findings[0].end for findings in found], seconds, stand.calls) == ([2, 3], 0.005, [1, 1])


def test_median(stand):
    """The median over the texts in turn."""
    assert median_us(stand.detect, ["a", "aa", "a" * 9], stand.clock, repeats=9) == pytest.approx(2000)


def test_a_chat_resends_its_history(stand):
    """Three messages of a character cost 1 + 2 + 3; the last request 3, and that again."""
    assert chat(stand.detect, ["a", "b", "c"], stand.clock) == Chat(0.006, 0.003, 0.003)
    assert Chat(0.006, 0.003, 0.003).as_json() == {"conversation_ms": 6.0, "last_turn_ms": 3.0, "repeated_ms": 3.0}


def test_no_chat(stand):
    """Without messages there is nothing to pay."""
    assert chat(stand.detect, [], stand.clock) == Chat(0.0, 0.0, 0.0)


def test_clean_texts():
    """A thousand characters of the rows without labels; prose where these are too short."""
    rows = [row("x" * 700, labelled=False), row("y" * 700, labelled=True)]
    assert [(len(text), "y" in text, text[0]) for text in clean_texts(rows * 2)] == [(1000, False, "x")]
    (prose,) = clean_texts([])
    assert len(prose) == 1000


def test_messages():
    """At most twenty messages of 600 characters, of the rows with labels."""
    made = messages([row("x" * 99, labelled=True), row("y" * 99, labelled=False)] * 200)
    assert (len(made), {len(text) for text in made}, "y" in "".join(made)) == (20, {600}, False)
    assert len(messages([row("x" * 99, labelled=True)] * 7)) == 1
