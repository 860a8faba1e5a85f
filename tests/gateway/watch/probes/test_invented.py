"""Values that are invented where a text has the kinds of real ones."""

import pytest

from detectors.text.entities import DEFAULT_ENTITIES, PATTERN_ENTITIES
from detectors.text.group_terms import AXES
from detectors.text.swaps import Left, Swaps
from gateway.guard.kept import Span
from gateway.watch.probes.invented import Invented, UnknownKindError


def nothing(text: str) -> list[Span]:
    return []


KINDS = sorted(DEFAULT_ENTITIES - {"NRP"})


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("nothing here, <b>but</b> this", "nothing here, <b>but</b> this"),
        ("<PERSON> and <PERSON>", "R. Tavner and R. Tavner"),
        ("<PERSON_k3x9pa> and <PERSON_m4y2qb>", "R. Tavner and M. Oldgate"),
        ("<US_SSN>, <IBAN_CODE>", "REF-1000, REF-1000"),
    ],
)
def test_values(text: str, filled: str):
    """The same placeholder is the same value, and another one is another."""
    assert Invented(nothing).fill(text) == filled


def test_they_are_the_same_throughout_a_probe():
    """What the system's message calls somebody, the user's does too."""
    invented = Invented(nothing)
    assert invented.fill("You write for <PERSON_k3x9pa>.") == "You write for R. Tavner."
    assert invented.fill("Ask <PERSON_m4y2qb> of <PERSON_k3x9pa>.") == "Ask M. Oldgate of R. Tavner."


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str):
    """There is something for all that rules find by default, and it names no group."""
    value = Invented(nothing).fill(f"<{kind}>")
    assert "<" not in value
    assert [Swaps(axis).swap(f"About {value}.") for axis in AXES] == [Left.NO_TERMS] * len(AXES)


@pytest.mark.parametrize("kind", ["NRP", "AWS_ACCESS_KEY", "MADE_UP"])
def test_kinds_of_which_nothing_is_invented(kind: str):
    """A group's own name, a credential, or what nobody knows: the text is left alone."""
    with pytest.raises(UnknownKindError):
        Invented(nothing).fill(f"see <{kind}>")


def test_patterns_are_known():
    """No kind has come to be found by its form without a thought of this."""
    assert set(KINDS) >= PATTERN_ENTITIES


def test_real_values():
    """What is found becomes what is invented of its kind, the same throughout, beside what was taken out before."""
    text = "<PERSON> and Jo of Jo"

    def find(text: str) -> list[Span]:
        return [Span(at, at + 2, "NAME") for at in range(len(text)) if text.startswith("Jo", at)]

    assert Invented(find).fill(text) == "R. Tavner and Tavner of Tavner"
