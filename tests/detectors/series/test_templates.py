"""The templates of log lines."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.templates import MAX_CHARS, Miner, numbers


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("listening on 10.0.0.7:8080", "listening on <*>"),
        ("took 12 ms, or -3.5 s", "took <*> ms, or <*> s"),
        ("id 123e4567-e89b-12d3-a456-426614174000 is gone", "id <*> is gone"),
        ("at 0x7f3a by deadbeef01", "at <*> by <*>"),
        ("read /var/lib/app/state.json now", "read <*> now"),
        ("to api.example.com:443 failed", "to <*> failed"),
        ("class com.example.Thing failed", "class com.example.Thing failed"),
        ("begun 2026-11-22 17:31:05,123 here", "begun <*> here"),
        ("begun 2026-11-22T17:31:05Z here", "begun <*> here"),
        ("got Seat(number=3, kind=Kind(name=first class)) for them", "got <*> for them"),
        ("tried [alpha, beta, gamma delta] twice", "tried [<*>] twice"),
        ('sent {"a": 1, "b": "two words"}', "sent <*>"),
        ("http2 is v1 of utf8", "http2 is v1 of utf8"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_what_varies_is_open_from_the_start(line: str, expected: str):
    """Numbers, ids, addresses, paths, times and values of many words are no part of a template; words are."""
    assert Miner().mine(line).template.text == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["user alice logged in", "user bob logged in"], ["user <*> logged in"] * 2),
        (["user alice logged in", "disk full on node"], ["user alice logged in", "disk full on node"]),
        (["a b c d", "a x y z"], ["a b c d", "a x y z"]),
        (["a b c", "a b c d"], ["a b c", "a b c d"]),
        (["request begins", "request ends"], ["request begins", "request ends"]),
        (["1 2 3", "4 5 6"], ["<*> <*> <*>"] * 2),
    ],
)
def test_lines_are_grouped(lines: list[str], expected: list[str]):
    """Lines of as many words, half of them the same, have one template; so have lines without any words, if they look the same."""
    miner = Miner()
    mined = [miner.mine(line).template for line in lines]
    assert [each.text for each in mined] == expected


def test_news_is_told_once():
    """A template is new with its first line."""
    miner = Miner()
    assert [miner.mine(f"user {name} logged in").is_new for name in ("alice", "bob", "carol")] == [True, False, False]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("took 12.5 ms for 3 rows", [(1, 12.5), (4, 3.0)]),
        ("took=12ms for -3 rows", [(0, 12.0), (2, -3.0)]),
        ("v1 of 2026-11-22 and x=", []),
        ("from 10.0.0.1 at 0xff", []),
        ("no numbers here", []),
        ("1 2 3 4 5", [(0, 1.0), (1, 2.0), (2, 3.0)]),
    ],
)
def test_numbers(line: str, expected: list[tuple[int, float]]):
    """The numbers of a line, by their place; what only has digits in it is none."""
    assert numbers(Miner().mine(line), 3) == expected


def test_templates_are_bounded():
    """Lines that are written to look all different push out one another, and the one that keeps coming stays."""
    miner = Miner(most=50)
    chance = Random(1)
    for _ in range(2000):
        miner.mine(" ".join("".join(chance.choices("abcdefgh", k=8)) for _ in range(chance.randint(1, 30))))
        known = miner.mine("the server is ready")
    assert len(miner.templates) == 50
    assert miner.forgotten > 1000
    assert not known.is_new


def test_a_line_is_compared_with_few():
    """Templates that begin alike and have as many words are bounded too."""
    miner = Miner()
    for at in range(300):
        letter = chr(ord("a") + at % 26) * (1 + at // 26)
        miner.mine(f"begin {letter}x {letter}y {letter}z {letter}w")
    assert len(miner.templates) == 100


def test_a_long_line_is_cut():
    """What is beyond is not read."""
    miner = Miner()
    assert miner.mine("x" * MAX_CHARS + "a").template is miner.mine("x" * MAX_CHARS + "b").template
    assert len(miner.mine("word " * 10_000).words) <= 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=60))
def test_any_lines_are_survived(lines: list[str]):
    """Each has a template of as many words as it has, is no news the second time, and a restored miner goes on the same."""
    miner, other = Miner(most=20), Miner(most=20)
    for line in lines:
        mined = miner.mine(line)
        assert len(mined.template.words) == len(mined.words)
        assert not miner.mine(line).is_new
    other.restore(miner.as_json())
    assert [miner.mine(line).template.id for line in lines] == [other.mine(line).template.id for line in lines]


def test_too_many_templates_are_not_restored():
    """A snapshot of more than the limit is refused."""
    miner = Miner()
    for word in ("a", "b", "c"):
        miner.mine(word)
    with pytest.raises(ValueError):
        Miner(most=2).restore(miner.as_json())
