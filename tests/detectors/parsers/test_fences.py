"""Answers in a Markdown fence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.parsers.contract import Violation
from detectors.parsers.fences import in_fence
from detectors.parsers.grammars import compile_regex
from detectors.parsers.schemas import compile_schema
from tests.detectors.parsers.documents import pieces

NUMBERS = in_fence(compile_schema({"type": "array", "items": {"type": "number"}}))

CASES = [
    ("[1]", None),
    (" \n[1]\n", None),
    ("```json\n[1]\n```", None),
    ("\n ```\n[1,\n2]\n  ```\n\n", None),
    ("```json title=x\r\n[1]\r\n```", None),
    ('```json\n["x"', Violation(9, "$[0]: must be a number")),
    ("```json\n[1]\n", Violation(12, "the fence is not closed")),
    ("```json\n[1]\n``", Violation(14, "the fence is not closed")),
    ("```json\n[1]\n```\n\n.", Violation(17, "nothing may follow the fence")),
    ("```json\n[1", Violation(10, "the fence is not closed")),
    ("```json\n[1\n```", Violation(10, "the text ends before the document does")),
    ("```", Violation(0, "not JSON: a value must begin here")),
    ("here: [1]", Violation(0, "$: must be an array")),
    ("````\n[1]\n````", Violation(0, "not JSON: a value must begin here")),
    ("", Violation(0, "the text ends before the document does")),
]


@pytest.mark.parametrize(("text", "expected"), CASES[:-3] + CASES[-2:], ids=[f"{index}" for index in range(len(CASES) - 1)])
@given(data=st.data())
def test_fence(text: str, expected: Violation | None, data: st.DataObject):
    """What is in a fence is parsed as if it stood alone, with places of the whole text, however the text is cut."""
    parser = NUMBERS()
    found = next((violation for piece in data.draw(pieces(text)) if (violation := parser.feed(piece))), None)
    assert (found or parser.close()) == expected
    if expected is not None:
        assert parser.close() == expected


def test_backticks_of_the_answer():
    """Backticks within a line are the answer's own."""
    parser = in_fence(compile_regex("(?s).*"))()
    for piece in ("```\na `b", "` ```c\n", "  x\n```\n"):
        assert parser.feed(piece) is None
    assert parser.close() is None
