"""Texts to buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.word_groups import BUCKETS, GROUPS, MAX_CHARS, WordGroups, word_groups

SMALL = WordGroups({"money": (1, 30), "bank": (1, 20), "the": (2, 1), "soup": (3, 40)})


@pytest.mark.parametrize(
    ("text", "bucket", "unknown"),
    [
        ("the MONEY in the bank", 1, 0.0),
        ("the soup, the the the", 3, 0.0),
        ("soup or bank money", 1, 0.0),  # together they weigh more
        ("money mnoey moeny monye", 1, 0.75),
    ],
)
def test_gist(text: str, bucket: int, unknown: float):
    """A text goes where its words weigh most; the share of those that are not known is told."""
    gist = SMALL.gist(text)
    assert gist is not None
    assert (gist.bucket, gist.unknown) == (bucket, unknown)


@pytest.mark.parametrize("text", ["", "ok", "12 34 5678", "?!", "_____"])
def test_no_words(text: str):
    """A text without a word of three letters has no gist."""
    assert SMALL.gist(text) is None


def test_another_language_has_buckets_of_its_own():
    """What it is about cannot be told; it is not taken for something that the vocabulary has, and equal texts go to equal buckets."""
    gists = [word_groups().gist(text) for text in ("Пожалуйста, помогите", "おはようございます", "Пожалуйста, помогите")]
    assert all(gist is not None and GROUPS <= gist.bucket < BUCKETS and gist.unknown == 1.0 for gist in gists)
    assert gists[0] == gists[2]


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text(text: str):
    """Whatever the characters, a bucket is one of those there are."""
    gist = word_groups().gist(text)
    assert gist is None or (0 <= gist.bucket < BUCKETS and 0 <= gist.unknown <= 1)


def test_a_long_text_costs_what_a_short_one_does():
    """Only the beginning is read."""
    assert SMALL.gist("soup " * MAX_CHARS + "money " * 10_000) == SMALL.gist("soup " * (MAX_CHARS // 5))


def test_what_is_shipped_tells_subjects_apart():
    """Questions about one subject meet in a bucket more often than those about two."""
    travel = ("book a flight to madrid", "are there flights from boston", "how many airlines fly to alaska")
    cooking = ("recipe for lasagna", "what can i cook with rice and beans", "how long do i bake the bread")
    buckets = [[gist.bucket for text in texts if (gist := word_groups().gist(text))] for texts in (travel, cooking)]
    assert not {*buckets[0]} & {*buckets[1]}
    assert len({*buckets[0]} | {*buckets[1]}) < len(travel) + len(cooking)
