"""What the looks see."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.disguises import LOOKS, Look, Part, View
from detectors.mapped import Mapped, unchanged

_NAMED = {look.name: look for look in LOOKS}


def _seen(look: Look, parts: list[Part]) -> tuple[str, list[tuple[int, int]], int]:
    """The text that is seen, each character's place in the original, and how much of that it is."""
    view, text, places, at = View(look), "", [], 0
    for number, part in enumerate([*parts, Part("", None, 0)]):
        shown = view.feed(part, closed=number == len(parts))
        mapped = shown.mapped or unchanged(shown.text)
        text += shown.text
        places += [(at + start, at + end) for start, end in zip(mapped.starts, mapped.ends, strict=True)]
        at += shown.length
    return text, places, at


def _plain(text: str) -> list[Part]:
    return [Part(text, None, len(text))]


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("parted", "卡4111号", "卡，4111，号"),
        ("parted", "メールa@b.cです", "メール，a@b.c，です"),
        ("parted", "전화+1번, карта5 и ⵣ5", "전화，+1，번, карта，5 и ⵣ，5"),
        ("parted", "โทร(415)ครับ", "โทร，(415)ครับ"),
        ("parted", "é5 ñ ’a x5 日本。5", "é5 ñ ’a x5 日本。5"),
        ("spaced", "P r o j e c t - F a l c o n", "Project-Falcon"),
        ("spaced", "P r o j e c t   F a l c o n", "Project Falcon"),
        ("spaced", "P.r.o.j.e.c.t. .F.a.l.c.o.n", "Project Falcon"),
        ("spaced", "P-r-o-j---F-a-l", "Proj-Fal"),
        ("spaced", "F  a  l     c  o", "Fal co"),
        ("spaced", "F\na\nl; and so on", "Fal; and so on"),
        ("spaced", "two words, 10.25 and 3 of 4", "two words, 10.25 and 3 of 4"),
        ("leet with i", "F4lc0n m1ne $@fe! 5", "Falcon mine safe! s"),
        ("leet with l", "Fa1c0n +3|l", "Falcon tell"),
    ],
)
def test_seen(name: str, text: str, seen: str):
    """Each look by its examples, and what it leaves as it is."""
    assert _seen(_NAMED[name], _plain(text))[0] == seen


_TEXT = st.text("ab1 .-卡é+(0$!\n", max_size=40)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LOOKS), _TEXT, st.lists(st.integers(0, 40), max_size=8))
@example(_NAMED["spaced"], "a b c", [1, 2, 3, 4])
def test_a_look_does_not_depend_on_the_cutting(look: Look, text: str, places: list[int]):
    """Fed whole, in pieces, or a character at a time, the same is seen, in the same places, and it is of all the text."""
    whole = _seen(look, _plain(text))
    cuts = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    for pieces in ([text[a:b] for a, b in pairwise(cuts)], list(text)):
        assert _seen(look, [Part(piece, None, len(piece)) for piece in pieces]) == whole
    assert whole[2] == len(text)
    assert whole[1] == sorted(whole[1])
    assert all(0 <= start < end <= len(text) for start, end in whole[1])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LOOKS), _TEXT.filter(bool), _TEXT, _TEXT)
def test_what_stands_for_a_run_stays_of_it(look: Look, run: str, before: str, after: str):
    """What is seen of characters that stand for a whole run stands for the whole run, wherever it had to be cut."""
    mapped = Mapped(run, [0] * len(run), [7] * len(run))
    text, places, length = _seen(look, [*_plain(before), Part(run, mapped, 7), *_plain(after)])
    assert length == len(before) + 7 + len(after)
    inside = [place for place in places if place[0] < len(before) + 7 and place[1] > len(before)]
    assert all(start <= len(before) and end >= len(before) + 7 for start, end in inside)
    assert _seen(look, _plain(before + run + after))[0] == text


def test_a_copy_goes_on_by_itself():
    """It has seen the same so far, with what is held."""
    view = View(_NAMED["spaced"])
    first = view.feed(Part("so F a", None, 6), closed=False)
    other = view.copy()
    seen = [first.text + each.feed(Part(after, None, 2), closed=True).text for each, after in ((view, " l"), (other, "b."))]
    assert seen == ["so Fal", "so F ab."]
