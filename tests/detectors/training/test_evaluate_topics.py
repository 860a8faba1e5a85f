"""The yardstick of scopes."""

from collections.abc import Sequence

import pytest

pytest.importorskip("numpy", reason="the extra 'topics' is not installed")

from detectors.training.evaluate_topics import MAX_JUDGED, OUT_OF_SCOPE, SENTENCES, Row, draws, everything, figures, held, timed, turns

ROWS = [
    *(Row(f"{intent} known {at}", intent, is_known=True) for intent in "abcd" for at in range(30)),
    *(Row(f"{intent} judged {at}", intent, is_known=False) for intent in "abcd" for at in range(150)),
    *(Row(f"elsewhere {at}", OUT_OF_SCOPE, is_known=False) for at in range(20)),
]


class Fixed:
    """Says of each text what it is told to; counts every third as encoded."""

    def __init__(self, chance: float = 0.5) -> None:
        self.judged = self.encoded = 0
        self._chance = chance

    def chances(self, units: Sequence[str]) -> list[float]:
        self.judged += len(units)
        self.encoded = self.judged // 3
        return [self._chance] * len(units)


def test_draws():
    """Half of the intents, examples from the known texts alone, and no text on two sides; the same on every run."""
    drawn = list(draws(ROWS, 10, 3))
    assert drawn == list(draws(ROWS, 10, 3))
    for draw in drawn:
        assert [len(texts) for texts in draw.examples.values()] == [10, 10]
        assert all("known" in text for texts in draw.examples.values() for text in texts)
        allowed = tuple(draw.examples)
        assert all(text.startswith(allowed) for text in draw.inside)
        assert not any(text.startswith(allowed) for text in draw.others)
        assert (len(draw.inside), len(draw.others), len(draw.out_of_scope)) == (MAX_JUDGED, MAX_JUDGED, 20)
    assert len({tuple(draw.examples) for draw in drawn}) > 1


def test_everything():
    """All intents, all texts."""
    draw = everything(ROWS)
    assert {intent: len(texts) for intent, texts in draw.examples.items()} == dict.fromkeys("abcd", 30)
    assert (len(draw.inside), len(draw.others), len(draw.out_of_scope)) == (600, 0, 20)


def test_who_says_nothing_is_not_counted():
    """A set may call "yes" an intent; it is of every topic."""
    rows = [*ROWS, *(Row(text, "e", is_known=False) for text in ("yes", "thank you", "ok, no"))]
    assert everything(rows).inside == everything(ROWS).inside


def test_figures_of_a_perfect_scope():
    """All outside texts are stranger than any inside."""
    found = figures([0.5 + at / 1000 for at in range(100)], [0.1] * 10)
    assert found["auroc"] == 1.0
    assert found["fpr_at_95_recall"] == 0.0
    assert {value for name, value in found.items() if name.startswith("recall")} == {1.0}


def test_figures_of_no_scope():
    """Where all look the same, half of the pairs are right, and everything is refused or nothing."""
    found = figures([0.3] * 50, [0.3] * 50)
    assert (found["auroc"], found["fpr_at_95_recall"], found["recall_at_5%_refused"]) == (0.5, 1.0, 0.0)


def test_figures_by_hand():
    """Ten inside, one of which is stranger than half of those outside."""
    found = figures([0.9] * 9 + [0.2], [0.1, 0.3])
    assert found["auroc"] == pytest.approx(0.95)


def test_held():
    """How many inside texts a rate refuses."""
    assert held([0.005, 0.03, 0.5, 0.6]) == {
        "refused_at_max_fpr_0.01": 0.25,
        "refused_at_max_fpr_0.02": 0.25,
        "refused_at_max_fpr_0.05": 0.5,
    }


def test_turns():
    """Each share is of the verdicts at the policy's rate."""
    draw = next(iter(draws(ROWS, 5, 1)))
    assert set(turns(Fixed(0.5), draw).values()) == {0.0}
    assert set(turns(Fixed(0.05), draw).values()) == {1.0}


def test_turns_are_of_what_they_are_called():
    """So many sentences of the kind that the name says, and the last one outside where it says so."""

    class Recording(Fixed):
        def __init__(self) -> None:
            super().__init__()
            self.units: list[Sequence[str]] = []

        def chances(self, units: Sequence[str]) -> list[float]:
            self.units.append(units)
            return super().chances(units)

    judge, draw = Recording(), next(iter(draws(ROWS, 5, 1)))
    by_name = dict(zip(turns(judge, draw), judge.units, strict=True))
    for count in SENTENCES:
        for kind, texts in (("inside_refused", draw.inside), ("outside_caught", draw.out_of_scope)):
            assert all(len(unit.split(". ")) == count and set(unit.split(". ")) <= set(texts) for unit in by_name[f"{count}_{kind}"])
        for unit in by_name[f"{count}_inside_and_1_outside_caught"]:
            *before, last = unit.split(". ")
            assert len(before) == count
            assert set(before) <= set(draw.inside)
            assert last in draw.out_of_scope
    assert by_name["outside_word_after_inside_caught"][0].endswith("And elsewhere?")


def test_timed():
    """One text at a time, by the clock that is given, with the share that the encoder did not see."""
    ticks = iter(range(0, 100_000, 2000))
    chances, times, settled = timed(Fixed(), ["a"] * 9, lambda: next(ticks))
    assert (chances, times) == ([0.5] * 9, [2.0] * 9)
    assert settled == pytest.approx(2 / 3)
