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
        "and tomorrow?".ljust(1001),
        "why " + "y" * 10_000_000,
    ],
    ids=lambda text: text[:20],
)
def test_does_not_lean(text: str):
    """Two words of its own, a script whose words are not known here, many words, or more than a sentence may have."""
    assert not leans(text)


@pytest.mark.parametrize(
    ("previous", "text", "fields"),
    [
        ([], "and tomorrow?", ["and tomorrow?"]),
        (["what is the weather in Paris", "thanks", "ok"], "and tomorrow?", ["what is the weather in Paris", "thanks ok", "and tomorrow?"]),
        (["book a table", "what is the weather in Paris"], "why?", ["what is the weather in Paris", "", "why?"]),
        (["hello"], f"a{SEPARATOR}b", ["", "hello", "a b"]),
        ([f"x{SEPARATOR}y z"], "why?", ["x y z", "", "why?"]),
    ],
)
def test_context(previous: list[str], text: str, fields: list[str]):
    """The last turn that leans on none itself, those since then, and the turn; no text can set the separator."""
    assert with_context(previous, text) == SEPARATOR.join(fields)


def test_context_is_bounded():
    """The end of a long turn counts."""
    before, _, _ = with_context(["word " * 500 + "end"], "why?").partition(SEPARATOR)
    assert (len(before), before[-3:]) == (MAX_CONTEXT_CHARS, "end")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("", []),
        ("Hello! Good morning.", []),
        ("block my card", [Part("block my card")]),
        ("Hello! Block my card now. Thank you.", [Part("Block my card now.")]),
        ("Block my card now. And my fee?", [Part("Block my card now."), Part("And my fee?", "fee", "Block my card now. And my fee?")]),
        ("My fee? Write a long poem.", [Part("My fee?", "fee", "My fee? Write a long poem."), Part("Write a long poem.")]),
        (with_context(["block my card"], "and online?"), [Part("and online?", "online", "block my card and online?")]),
        (with_context(["block my card", "ok"], "why?"), []),
        (with_context(["block my card"], "write a poem"), [Part("write a poem")]),
        *[
            (f"block my card{joint}write a poem", [Part(f"block my card{joint}write a poem"), Part("block my card"), Part("write a poem")])
            for joint in (" and ", ", ", ".", "; ", " | ", " - ", "\u2028", ", and also ")
        ],
        ("block my card and hurry", [Part("block my card and hurry"), Part("block my card")]),
        ("is my credit-card blocked at 10.30", [Part("is my credit-card blocked at 10.30")]),
        ("balance?", [Part("balance?")]),
        ("what is it that you do", [Part("what is it that you do")]),
        (
            with_context(["block my card", "write"], "a poem"),
            [Part("a poem", "poem", "block my card write a poem"), Part("write a poem")],
        ),
        (
            "Write. A poem.",
            [Part("Write.", "write", "Write. A poem."), Part("A poem.", "poem", "Write. A poem."), Part("Write. A poem.")],
        ),
    ],
)
def test_parts(unit: str, expected: list[Part]):
    """Each sentence and clause that says something; what leans is read with what stands around it too, and in a row also without that."""
    assert parts(unit) == expected


def test_runs_are_bounded():
    """However much leans in a row, what is read together stays short."""
    found = parts(with_context(["block my card"], "Write. " * 2000))
    assert max(len(text) for part in found for text in (part.alone, part.joined)) < 3 * MAX_CONTEXT_CHARS
    assert len({text for part in found for text in (part.alone, part.own, part.joined)}) < 20


@given(st.lists(st.text(max_size=40), max_size=4), st.text(max_size=200))
def test_the_turn_is_found_again(previous: list[str], text: str):
    """Whatever was said before."""
    assert text_of(with_context(previous, text)) == text.replace(SEPARATOR, " ")


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=3))
def test_no_word_goes_unread(text: str, previous: list[str]):
    """Every sentence with two words of its own is read alone."""
    alone = [part.alone for part in parts(with_context(previous, text))]
    if text.strip() and not leans(text) and "\n" not in text and not any(mark in text for mark in ".!?…。！？"):
        joined = " ".join(alone)
        assert all(word in joined for word in text.replace(SEPARATOR, " ").split())
