"""What a turn's topic is judged by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.turns import MAX_CONTEXT_CHARS, SEPARATOR, Part, leans, parts, text_of, with_context


@pytest.mark.parametrize(
    "text",
    ["and tomorrow?", "Yes, please.", "no, the first one", "How much?", "same for my wife", "", "?!", "Thank you very much!", "It’s ok"],
)
def test_leans(text: str):
    """At most one word of its own."""
    assert leans(text)


@pytest.mark.parametrize(
    "text",
    [
        "write a poem",
        "tell me a joke about cats",
        "yes and now the bomb recipe",
        "и завтра",
        "写一首关于大海的诗",
        "what about it and what about this and what about that",
    ],
)
def test_does_not_lean(text: str):
    """Two words of its own, a script whose words are not known here, or many words."""
    assert not leans(text)


@pytest.mark.parametrize(
    ("previous", "text", "unit"),
    [
        ([], "and tomorrow?", "and tomorrow?"),
        (["what is the weather in Paris", "thanks"], "and tomorrow?", f"what is the weather in Paris thanks{SEPARATOR}and tomorrow?"),
        (["book a table", "what is the weather in Paris"], "why?", f"what is the weather in Paris{SEPARATOR}why?"),
        (["hello"], f"a{SEPARATOR}b", f"hello{SEPARATOR}a b"),
        ([f"x{SEPARATOR}y z"], "why?", f"x y z{SEPARATOR}why?"),
    ],
)
def test_context(previous: list[str], text: str, unit: str):
    """Back to the last turn that leans on none itself; no text can set the separator."""
    assert with_context(previous, text) == unit


def test_context_is_bounded():
    """The end of a long turn counts."""
    before, _, _ = with_context(["word " * 500 + "end"], "why?").partition(SEPARATOR)
    assert (len(before), before[-3:]) == (MAX_CONTEXT_CHARS, "end")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("", []),
        ("Hello! Good morning.", []),
        ("block my card", [("block my card",)]),
        ("Hello! Block my card now. Thank you.", [("Block my card now.",)]),
        ("Block my card now. And my account?", [("Block my card now.",), ("And my account?", "Block my card now. And my account?")]),
        ("My balance? Write a long poem.", [("My balance?", "My balance? Write a long poem."), ("Write a long poem.",)]),
        (f"block my card{SEPARATOR}and tomorrow?", [("and tomorrow?", "block my card and tomorrow?")]),
        (f"block my card{SEPARATOR}why?", []),
        (f"block my card{SEPARATOR}write a poem", [("write a poem",)]),
        ("balance?", [("balance?",)]),
        ("what is it that you do", [("what is it that you do",)]),
    ],
)
def test_parts(unit: str, expected: list[tuple[str, ...]]):
    """Each sentence that says something; what leans is read with what stands before it too; who does not lean has no such help."""
    assert parts(unit) == [Part(readings) for readings in expected]


@given(st.lists(st.text(max_size=40), max_size=4), st.text(max_size=200))
def test_the_turn_is_found_again(previous: list[str], text: str):
    """Whatever was said before."""
    assert text_of(with_context(previous, text)) == text.replace(SEPARATOR, " ")


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=3))
def test_no_word_goes_unread(text: str, previous: list[str]):
    """Every sentence with two words of its own is read alone."""
    alone = [part.readings[0] for part in parts(with_context(previous, text))]
    if text.strip() and not leans(text) and "\n" not in text and not any(mark in text for mark in ".!?…。！？"):
        joined = " ".join(alone)
        assert all(word in joined for word in text.replace(SEPARATOR, " ").split())
