"""The syntax of JSON, piece by piece: by comparison with a reader of whole texts, and what a listener is told."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.parsers.contract import Violation
from detectors.parsers.reader import Reader, Scalar
from tests.detectors.parsers.documents import VALUES, pieces, written


class Builder:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.parts = ""

    def begin(self, kind: str) -> None:
        self.told.append(kind)
        self.parts = ""

    def key_begins(self) -> None:
        self.parts = ""

    def part(self, text: str) -> None:
        self.parts += text

    def key(self, name: str) -> None:
        assert name == self.parts
        self.told.append(("key", name))

    def scalar(self, value: Scalar) -> None:
        assert not isinstance(value, str) or value == self.parts
        self.told.append((type(value), value))

    def end(self) -> None:
        self.told.append("end")


def read(texts: list[str], max_depth: int = 64) -> tuple[list[Any], Violation | None]:
    builder = Builder()
    reader = Reader(builder, max_depth)
    found = next((violation for text in texts if (violation := reader.feed(text))), None)
    return builder.told, found or reader.close()


def told_of(value: Any) -> list[Any]:
    match value:
        case dict():
            return ["object", *(each for name, inner in value.items() for each in [("key", name), *told_of(inner)]), "end"]
        case list():
            return ["array", *(each for inner in value for each in told_of(inner)), "end"]
        case bool():
            return ["boolean", (bool, value)]
        case None:
            return ["null", (type(None), None)]
        case str():
            return ["string", (str, value)]
        case _:
            return ["number", (type(value), value)]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_tells_what_is_there(data: st.DataObject):
    """A document is told as what it is, however it is written and cut."""
    text = data.draw(written(data.draw(VALUES)))
    assert read(data.draw(pieces(text))) == (told_of(json.loads(text)), None)


@given(st.text(alphabet='{}[]",:\\ud8301-.+E trfalsn\n\ufeff\x00', max_size=30))
@example("[1e999]")
@example('{"a":1,"a":2}')
@example('["\\ud83d\\ude00\\ude00\\ud83d"]')
@settings(max_examples=400, deadline=None)
def test_syntax(text: str):
    """A text is taken exactly if a strict reader of whole texts takes it, but for numbers that no double holds."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        expected = False
    else:
        expected = "e999" not in text
    assert (read(list(text))[1] is None) == expected


def test_surrogates():
    """A pair that is written as escapes is one character; half of one is told as a character that stands for none."""
    assert read(['"\\ud83d\\ude00"'])[0][1] == (str, "😀")
    assert read(['"\\ud83', "d", "\\", "ud", 'e00"'])[0][1] == (str, "😀")
    assert read(['"\\ud83d\\n\\ude00"'])[0][1] == (str, "\ufffd\n\ufffd")


def test_nothing_endless_is_kept():
    """A number has a bounded length, and so has what is nested."""
    assert read(["1"] * 401)[1] == Violation(0, "a number has more than 400 characters")
    assert read(["["] * 4, max_depth=3)[1] == Violation(3, "nested more than 3 deep")
