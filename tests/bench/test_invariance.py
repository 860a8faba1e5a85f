"""The search for differences between surfaces, tried on a guard that has none and on one that does."""

import pytest

from bench.driving import KEY, plan_of
from bench.invariance import Setting, Trial
from bench.surfaces import CASES
from gateway.guard.tokens import Tokens
from tests.support.guards import Pattern

THANKS = r"(?<!\S)thanks(?!\S)"
"""Every text of the search ends with it."""


class Hasty(Pattern):
    """Holds that no text to come can change what it has found."""

    def settled(self, text: str, start: int = 0) -> int:
        return len(text)


def setting(detector: Pattern) -> Setting:
    return Setting(plan_of("redact", [detector]), plan_of("block", [detector]), Tokens(KEY, "app"), ("<EMAIL_ADDRESS_zzzzzz>",))


def test_a_guard_that_is_right():
    """No violation on any surface, each of which had its splittings."""
    trial = Trial(setting(Pattern("WORD", THANKS, 8)), 1, 0, splits=10)
    assert trial.expected.endswith(" [WORD]")
    assert trial.run().violations == []
    assert min(trial.tally.splits[case.surface] for case in CASES) >= 10


def test_a_guard_that_lets_go_too_early():
    """It is found out in every stream that brings text in pieces, with all that it takes to see it again."""
    hasty = setting(Hasty("WORDS", r"\S+\sthanks", 64))
    found = Trial(hasty, 1, 0).run().violations
    assert {each.surface for each in found} == {"chat", "completions", "responses", "messages", "generic"}
    assert all(each.what.startswith("stream") for each in found)
    again = Trial(hasty, found[0].seed, found[0].number).run()
    assert again.violations == found


def test_texts_of_one_answer_do_not_meet():
    """What two of them would make where one follows the other is no violation, though a guard takes it out."""
    trial = Trial(setting(Pattern("WORDS", r"thanksPlease (?!be brief)", 24)), 1, 0, splits=10)
    assert trial.expected.endswith(" thanks")
    assert trial.run().violations == []


@pytest.mark.parametrize("seed", [1, 2])
def test_texts_are_random_by_seed_and_number(seed: int):
    """The same pair gives the same text, another pair another."""
    texts = {(seed, number): Trial(setting(Pattern("WORD", THANKS, 8)), seed, number).text for number in range(4)}
    assert len(set(texts.values())) == 4
    assert Trial(setting(Pattern("WORD", THANKS, 8)), seed, 2).text == texts[seed, 2]
    assert Trial(setting(Pattern("WORD", THANKS, 8)), seed + 2, 2).text != texts[seed, 2]
