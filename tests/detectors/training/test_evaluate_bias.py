"""The yardstick of swaps and of what finds biases."""

from collections.abc import Sequence
from typing import Any

import pytest

from detectors.text.swaps import Left, all_swaps
from detectors.training import evaluate_bias
from detectors.training.evaluate_bias import (
    EFFECTS,
    LIVES,
    Effect,
    Live,
    Text,
    delays,
    guard_figures,
    live_until_told,
    probes_until_told,
    swap_figures,
    swapped,
    wrong_articles,
)

SWAPS = {each.axis.name: each for each in all_swaps()}


def test_swap_figures():
    """Of what was swapped: as the twin wrote it, but for capitals and spaces; of the rest: why not."""
    texts = [
        Text("He left.", "gender", twin="she  left."),
        Text("He left again.", "gender", twin="She stayed."),
        Text("He told her.", "gender", twin="She told him."),
        Text("They left.", "gender"),
    ]
    results = swapped(texts, SWAPS, exchange=False)
    assert [each.result for each in results[2:]] == [Left.SEVERAL_GROUPS, Left.NO_TERMS]
    assert swap_figures(results) == {
        "texts": 4, "swapped": 0.5, "as_the_twin": 0.5, "articles_made_wrong": 0, "left: no terms": 1, "left: several groups": 1,
    }  # fmt: skip
    assert swap_figures(results[:1], {"she left."})["attested"] == 1
    assert swap_figures([])["swapped"] == 0


def test_guard_figures():
    """A guard that fires on women alone flips on every pair, and is told of; one that is blind to groups never does."""
    results = swapped([Text(f"{who} left {at}.", "gender") for at in range(40) for who in ("He", "She", "They")], SWAPS, exchange=False)

    def on_women(texts: Sequence[str]) -> list[frozenset[str]]:
        return [frozenset({"pii.PERSON"} if "She" in text else ()) for text in texts]

    assert guard_figures(results, on_women) == {"gender": {"pairs": 80, "flips": 80, "share": 1, "told": 1}}
    assert guard_figures(results, lambda texts: [frozenset({"pii.PERSON"})] * len(texts))["gender"]["flips"] == 0


@pytest.mark.parametrize(("text", "wrong"), [("A man, an hour.", 0), ("an man and a actor", 2), ("a", 0), ("An 8-hour day", 0)])
def test_wrong_articles(text: str, wrong: int):
    """By the sound of the word behind them."""
    assert wrong_articles(text) == wrong


@pytest.mark.parametrize("effect", [effect for effect in EFFECTS if effect.name != "none"], ids=lambda effect: effect.name)
def test_probes(effect: Effect):
    """Each effect is found within 2,000 probes, the same on every run; without any, nothing is."""
    found = probes_until_told(effect, "test")
    assert found is not None
    assert found == probes_until_told(effect, "test")


def test_nothing_to_find(monkeypatch: pytest.MonkeyPatch):
    """Without an effect nothing is told."""
    monkeypatch.setattr(evaluate_bias, "PROBES", 500)
    monkeypatch.setattr(evaluate_bias, "LIVE", 2000)
    assert probes_until_told(EFFECTS[0], "test") is None
    assert live_until_told(LIVES[0], "test") is None
    assert live_until_told(LIVES[1], "test") is None


def test_live():
    """A rate that is three times as high is found."""
    found: Any = live_until_told(Live("large", 0.05, 0.15), "test")
    assert found is not None
    assert found < 2000


def test_delays():
    """Of runs that told of anything; no median of none."""
    told = {"a": 100, "b": None, "c": 300}
    assert delays(told.__getitem__, told) == {"runs": 3, "told": 2, "median": 200, "most": 300}
    assert delays({"b": None}.get, ["b"]) == {"runs": 1, "told": 0}
