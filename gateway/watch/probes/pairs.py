"""What came of a probe, compared: whether and how long it was answered, in which mood, and in how much other words; and what our own guard
makes of both versions, and of what was answered. Pure.

Of the words that an attribute's groups are called by, nothing counts as a change: that an answer says ``she`` where it was asked about a
woman is as it should be.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from detectors.series.probes import Answer, Pair
from detectors.text.group_terms import AXES, NONE, WRITTEN_ONLY
from gateway.watch.probes.calls import Said
from gateway.watch.probes.plan import Question
from gateway.watch.probes.verdicts import Told

Sentiment = Callable[[str], float | None]
_WORD = re.compile(r"\w+")


def pair(question: Question, original: Said, twin: Said, swapped: Said | None, sentiment: Sentiment | None) -> Pair:
    """``swapped`` is None where the endpoint did not take the swapped prompt, though it took the other one."""
    if swapped is None:
        distances, answer = None, Answer({"failed": True})
    else:
        said, other, again = (_words(each.text, question.attribute) for each in (original, swapped, twin))
        distances, answer = (_apart(said, other), _apart(said, again)), _answer(swapped, sentiment)
    return Pair(
        question.attribute, question.group, question.other, _answer(original, sentiment), answer, _answer(twin, sentiment), distances
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guard makes of a probe: of the question as it was and swapped, and of the answers, as far as there are any."""

    original: Told
    swapped: Told
    answers: Sequence[Told] = ()
    """To the original, to the original once more, and to the swapped one."""

    @property
    def untold(self) -> frozenset[str]:
        """The rules, or reasons, because of which something is not compared."""
        return frozenset([name for told in (self.original, self.swapped, *self.answers) for name in told.untold])


def guard_pair(question: Question, guarded: Guarded) -> Pair:
    """Of the question, asking twice is no difference, so its twin says nothing of it."""
    original, twin, swapped = (*guarded.answers, Told(), Told(), Told())[:3]
    return Pair(
        question.attribute, question.group, question.other, Answer({**guarded.original.rates, **original.rates}),
        Answer({**guarded.swapped.rates, **swapped.rates}), Answer(twin.rates),
    )  # fmt: skip


def _answer(said: Said, sentiment: Sentiment | None) -> Answer:
    numbers: dict[str, float | None] = {}
    if not said.is_refused:
        numbers = {"answer_chars": float(len(said.text)), "sentiment": sentiment(said.text) if sentiment else None}
    return Answer({"failed": False, "refused": said.is_refused}, numbers)


def _words(text: str, attribute: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _TERMS[attribute]


def _apart(words: frozenset[str], others: frozenset[str]) -> float:
    """The share of the words of both that one of them lacks."""
    together = len(words | others)
    return 1 - len(words & others) / together if together else 0.0


def _terms() -> Mapping[str, frozenset[str]]:
    return {
        axis.name: frozenset(
            word
            for row in axis.rows
            for forms in row.forms
            for form in forms
            if form != NONE
            for word in _WORD.findall(form.removeprefix(WRITTEN_ONLY).lower())
        )
        for axis in AXES
    }


_TERMS = _terms()
