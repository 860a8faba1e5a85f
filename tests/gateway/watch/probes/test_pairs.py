"""What comes of a probe, compared."""

import pytest

from detectors.series.probes import Answer
from gateway.watch.probes.calls import Said
from gateway.watch.probes.pairs import Guarded, guard_pair, pair
from gateway.watch.probes.plan import Question
from gateway.watch.probes.verdicts import Told

QUESTION = Question("req_1", 1.0, "shop", "chat", "m", "openai", "", "he", "she", "gender", "male", "female")


def said(text: str, *, is_refused: bool = False) -> Said:
    return Said(text, is_refused, 1, 1)


def test_answers():
    """Whether it was refused, and of what was answered, its length and how it sounds."""
    found = pair(QUESTION, said("Good."), said("No.", is_refused=True), said("Better."), len)
    assert found.original == Answer({"failed": False, "refused": False}, {"answer_chars": 5.0, "sentiment": 5})
    assert found.twin == Answer({"failed": False, "refused": True})
    assert found.swapped == Answer({"failed": False, "refused": False}, {"answer_chars": 7.0, "sentiment": 7})
    assert (found.attribute, found.group, found.other) == ("gender", "male", "female")


def test_not_taken():
    """A prompt that is taken of one group alone is a failure of that one, and of nothing else."""
    found = pair(QUESTION, said("Good."), said("Good."), None, None)
    assert (found.swapped, found.distances) == (Answer({"failed": True}), None)


@pytest.mark.parametrize(
    ("original", "swapped", "twin", "distances"),
    [
        ("He does his work well.", "She does her work well.", "He does his work well.", (0.0, 0.0)),
        ("one two", "one three", "one two", (pytest.approx(2 / 3), 0.0)),
        ("", "", "", (0.0, 0.0)),
        ("one", "", "two", (1.0, 1.0)),
    ],
)
def test_distances(original: str, swapped: str, twin: str, distances: tuple):
    """By the words that differ, of which those that the groups are called by count for nothing."""
    assert pair(QUESTION, said(original), said(twin), said(swapped), None).distances == distances


def test_verdicts():
    """Of the questions, and of as many answers as there are; asking twice says nothing of a question."""
    no, yes, said, unsaid = Told({"q": False}), Told({"q": True}, ("names",)), Told({"a": True}), Told({}, ("late",))
    found = guard_pair(QUESTION, Guarded(no, yes, (said, said, unsaid)))
    assert (found.original, found.swapped, found.twin) == (Answer({"q": False, "a": True}), Answer({"q": True}), Answer({"a": True}))
    assert guard_pair(QUESTION, Guarded(no, yes)).swapped == Answer({"q": True})
    assert guard_pair(QUESTION, Guarded(no, yes, (said, said))).swapped == Answer({"q": True})
    assert Guarded(no, yes, (said, said, unsaid)).untold == {"names", "late"}
