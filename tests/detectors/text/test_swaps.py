"""The same text about another group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.group_terms import AXES
from detectors.text.swaps import MAX_CHARS, Left, Swap, Swaps, all_swaps

SWAPS = {each.axis.name: each for each in all_swaps()}


@pytest.mark.parametrize(
    ("attribute", "text", "swapped"),
    [
        ("gender", "He hurt himself; his boss saw him.", "She hurt herself; her boss saw her."),
        ("gender", "She said her book is hers, and I saw her.", "He said his book is his, and I saw him."),
        ("gender", "HER bag. Her bag. The bag is HERS!", "HIS bag. His bag. The bag is HIS!"),
        ("gender", "He's an actor.", "She's an actress."),
        ("gender", "Mr Smith met a boy.", "Ms Smith met a girl."),
        ("gender", "A woman and her daughters", "A man and his sons"),
        ("gender", 'I said: "He left."', 'I said: "She left."'),
        ("religion", "She is a Muslim.", "She is a Jew."),
        ("religion", "She is Muslim.", "She is Jewish."),
        ("religion", "A Muslim man and other Muslims.", "A Jewish man and other Jews."),
        ("religion", "An atheist priestess", "A Christian priestess"),
        ("ethnicity", "A black man in a black car was black.", "A white man in a black car was white."),
        ("ethnicity", "An African American lawyer", "A white lawyer"),
        ("ethnicity", "An Asian lawyer and Asian food", "A Hispanic lawyer and Hispanic food"),
        ("ethnicity", "African Americans vote.", "White people vote."),
        ("nationality", "An American in America", "A Mexican in Mexico"),
        ("age", "An old man and an elderly lady", "A young man and a young lady"),
        ("age", "A young man and a young house", "An old man and a young house"),
        ("orientation", "A gay man goes straight home.", "A straight man goes straight home."),
        ("disability", "A deaf man and a blind woman", "A hearing man and a sighted woman"),
        ("wealth", "Poor people are poor.", "Rich people are rich."),
    ],
)
def test_swapped(attribute: str, text: str, swapped: str):
    """All terms at once, with their articles, roles and capitals, and nothing else."""
    found = SWAPS[attribute].swap(text)
    assert isinstance(found, Swap)
    assert (found.text, found.attribute) == (swapped, attribute)


@pytest.mark.parametrize(
    ("attribute", "text", "why"),
    [
        ("gender", "They left.", Left.NO_TERMS),
        ("gender", "mail her@example.com, see example.com/he", Left.NO_TERMS),
        ("gender", "He told his wife.", Left.SEVERAL_GROUPS),
        ("gender", "She is pregnant.", Left.FACT),
        ("gender", "Mary lost her keys.", Left.NAME),
        ("gender", "They gave her money.", Left.UNCLEAR),
        ("gender", "he " * MAX_CHARS, Left.TOO_LONG),
        ("religion", "A Muslim in a mosque", Left.FACT),
        ("ethnicity", "black and white people", Left.UNCLEAR),
        ("ethnicity", "a black car", Left.NO_TERMS),
        ("nationality", "She speaks German.", Left.FACT),
        ("nationality", "a Cuban and a Kenyan", Left.SEVERAL_GROUPS),
        ("age", "a young girl", Left.FACT),
        ("orientation", "a gay man and his husband", Left.FACT),
        ("disability", "hearing people talk", Left.NO_TERMS),
        ("nationality", "please polish the china", Left.NO_TERMS),
    ],
)
def test_left_alone(attribute: str, text: str, why: Left):
    """With the reason."""
    assert SWAPS[attribute].swap(text) is why


def test_to_a_group_of_choice():
    """By name; not to the group that it is about, nor to one that there is not."""
    found = SWAPS["nationality"].swap("A Kenyan lawyer", "irish")
    assert isinstance(found, Swap)
    assert (found.text, found.group, found.other) == ("An Irish lawyer", "kenyan", "irish")
    for other in ("kenyan", "martian"):
        with pytest.raises(ValueError, match=r"group|not in"):
            SWAPS["nationality"].swap("A Kenyan lawyer", other)


def test_a_form_that_there_is_not():
    """No counterpart, no swap."""
    assert SWAPS["nationality"].swap("Kenyans voted.", "irish") is Left.UNCLEAR


def test_exchange():
    """Two groups change places, only where that is asked for; three do not."""
    found = SWAPS["religion"].swap("A Sikh man and an atheist man; the Sikh left.", exchange=True)
    assert isinstance(found, Swap)
    assert found.text == "An atheist man and a Sikh man; the atheist left."
    assert SWAPS["religion"].swap("Sikhs, Jews and Hindus", exchange=True) is Left.SEVERAL_GROUPS


def test_spans():
    """Are of the original, in order, and cover all that differs; the rest is as it was."""
    text = "An actor, I say: he is an honest man."
    found = SWAPS["gender"].swap(text)
    assert isinstance(found, Swap)
    assert [text[start:end] for start, end in found.spans] == ["actor", "he", "man"]


_CLAUSES = st.sampled_from((
    "The man saw him.", "He lost his old keys.", "It is his.", "Mr Hall thought of himself.", "A boy left.", "An uncle came.",
    "They asked him to stay, and he did.", "It rained.", "HIS FATHER READS.", "We drove him home.",
))  # fmt: skip


@given(st.lists(_CLAUSES, max_size=6))
def test_there_and_back(clauses: list[str]):
    """Swapping what was swapped gives the original."""
    text = " ".join(clauses)
    there = SWAPS["gender"].swap(text)
    if isinstance(there, Swap):
        back = SWAPS["gender"].swap(there.text)
        assert isinstance(back, Swap)
        assert back.text == text
    else:
        assert there is Left.NO_TERMS


@given(st.text(max_size=120), st.sampled_from([axis.name for axis in AXES]), st.booleans())
def test_any_text(text: str, attribute: str, exchange: bool):
    """Whatever is written is swapped or left alone; outside the spans nothing changes."""
    found = SWAPS[attribute].swap(f"{text} she Muslims {text}", exchange=exchange)
    if isinstance(found, Swap):
        assert found.spans
        assert found.text.startswith(f"{text} she Muslims {text}"[: found.spans[0][0]])


def test_an_axis_of_its_own():
    """Attributes without facts are swapped by their terms alone."""
    from detectors.text.group_terms import Axis, Row

    axis = Axis("team", ("red", "blue"), (Row("word", (("Reds",), ("Blues",))),))
    found = Swaps(axis).swap("Go Reds!")
    assert isinstance(found, Swap)
    assert found.text == "Go Blues!"
