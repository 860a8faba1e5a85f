"""JSON in a string: read in any pieces to its last character, decoded as JSON decodes it, and written back as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.jsontext import JsonText, Part, Piece, escape, is_json, leaves, rewrite
from tests.support.guards import cut

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from('"\\/\b\f\n\r\t\u2028\u2029\x00\x7fé𝕏😀\ud800\udc00\ud83d\ude00')), max_size=12)
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
STYLES = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 0, 2, "\t"]), "separators": st.sampled_from([None, (",", ":")])}
)
DUMPS = st.builds(lambda value, style: json.dumps(value, **style), VALUES, STYLES)
MALFORMED = st.text(st.sampled_from('{}[]:,"\\ u0dDbB8cxX9\n\t1e+.\ud800é'), max_size=30)


def read(pieces: list[str]) -> list[Piece]:
    reader = JsonText()
    return [piece for fragment in pieces for piece in reader.feed(fragment)] + reader.flush()


def joined(pieces: list[Piece]) -> list[tuple[bool, str]]:
    """(is a string, text) of each leaf, from its pieces between two ENDs."""
    found: list[tuple[bool, str]] = []
    parts: list[Piece] = []
    for piece in pieces:
        if piece.part is Part.END:
            if parts:
                found.append((parts[0].part is Part.STRING, "".join(part.text for part in parts)))
                assert len({part.part for part in parts}) == 1
            parts = []
        elif piece.part is not Part.STRUCTURE:
            parts.append(piece)
    assert not parts, "a leaf that is never closed"
    return found


def json_leaves(text: str) -> list[tuple[bool, str]]:
    """The same, as Python's own reader finds them: every string in order, keys too, and every other scalar as it is written."""
    found: list[tuple[bool, str]] = []

    _walk(json.loads(text, parse_int=_Bare, parse_float=_Bare, parse_constant=_Bare, object_pairs_hook=_Pairs), found)
    return found


class _Bare(str):
    """A number, as it is written."""

    __slots__ = ()


class _Pairs(list):
    """An object, with its keys in order, each as often as it is there."""


def _walk(value: object, found: list[tuple[bool, str]]) -> None:
    if isinstance(value, _Pairs):
        for key, item in value:
            _walk(key, found)
            _walk(item, found)
    elif isinstance(value, list):
        for item in value:
            _walk(item, found)
    elif isinstance(value, _Bare):
        found.append((False, str(value)))
    elif isinstance(value, str):
        if value:
            found.append((True, value))
    else:
        found.append((False, {None: "null", True: "true", False: "false"}[value]))


@given(st.one_of(DUMPS, MALFORMED), st.lists(st.integers(0, 500), max_size=12))
def test_no_character_is_lost(text: str, places: list[int]):
    """What the pieces stood as, joined, is the text, cut anywhere (in an escape, in a surrogate pair), JSON or not."""
    for pieces in (cut(text, places), [text], list(text)):
        found = read(pieces)
        assert "".join(piece.raw for piece in found) == text
        assert [piece.end for piece in found] == sorted(piece.end for piece in found)
        assert not found or found[-1].end == len(text)


@given(DUMPS, st.lists(st.integers(0, 500), max_size=12))
def test_leaves_are_what_json_says(text: str, places: list[int]):
    """Every string and every bare value decodes as a reader of JSON decodes it, however the text is cut."""
    expected = json_leaves(text)
    for pieces in (cut(text, places), [text], list(text)):
        assert joined(read(pieces)) == expected
    assert [(leaf.is_string, leaf.text) for leaf in leaves(text)] == expected


@given(MALFORMED, st.lists(st.integers(0, 100), max_size=6))
def test_malformed_text_is_read_the_same_however_it_is_cut(text: str, places: list[int]):
    """Leaves do not depend on the cutting, also where the text is no JSON."""
    assert joined(read(cut(text, places))) == joined(read([text])) == [(leaf.is_string, leaf.text) for leaf in leaves(text)]


@given(st.one_of(DUMPS, MALFORMED))
def test_each_leaf_knows_its_range(text: str):
    """A leaf's range is that of what it was decoded from: in order, apart, and nothing but structure between them."""
    at = 0
    for leaf in leaves(text):
        assert set(text[at : leaf.start]) <= set('{}[]:, \t\r\n"')
        assert at <= leaf.start < leaf.end
        assert leaf.is_string or text[leaf.start : leaf.end] == leaf.text
        at = leaf.end


@given(VALUES, STYLES, TEXTS, st.randoms(use_true_random=False))
def test_rewritten_leaves(value: object, style: dict, written: str, chance):
    """Writing leaves back gives JSON in which exactly those leaves say something else; a number that is replaced becomes a string."""
    text = json.dumps(value, **style)
    found = leaves(text)
    chosen = {index for index in range(len(found)) if chance.random() < 0.5}
    result = rewrite(text, [(found[index], written) for index in chosen])
    old, new = json_leaves(text), [(leaf.is_string, leaf.text) for leaf in leaves(result)]
    expected = [(True, written) if index in chosen else leaf for index, leaf in enumerate(old)]
    assert new == [leaf for leaf in expected if leaf[1]]
    json.loads(result)


@given(TEXTS)
def test_escape(text: str):
    """Any text, lone surrogates too, is a JSON string of itself that can be sent as UTF-8."""
    written = f'"{escape(text)}"'
    assert json.loads(written) == json.loads(json.dumps(text))
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert json.loads(written) == text
    written.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None), (" \n\t\r", None), ("{", True), (" [", True), ('\n"a"', True),
        ("a", False), ("4111", False), ("\u00a0{", False), ("<x>", False),
    ],
)  # fmt: skip
def test_is_json(text: str, expected: bool | None):
    """What begins like an object, an array or a string is read as JSON; white space alone says nothing yet."""
    assert is_json(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"\u00e9\n\/\\\""', 'é\n/\\"'),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d"', "\ud83d"),
        (r'"\ud83dx"', "\ud83dx"),
        (r'"\ud83d\ud83d\ude00"', "\ud83d😀"),
        (r'"\ude00\ud83d"', "\ude00\ud83d"),
        (r'"\ud83d\u0041"', "\ud83dA"),
        (r'"\u00g1"', r"\u00g1"),
        (r'"\q"', "q"),
        (r'"\ud83d\u"', "\ud83d\\u"),
        ('"open', "open"),
        ('"open\\', "open\\"),
        ('"open\\u00', "open\\u00"),
        ('"open\\ud83d\\ude', "open\\ud83d\\ude"),
        ("12{", "12"),
    ],
)
def test_one_leaf(text: str, expected: str):
    """Escapes whole, broken, cut off and beyond what JSON allows, each read to its last character in any pieces."""
    for pieces in ([text], list(text)):
        assert [leaf for _, leaf in joined(read(pieces))] == [expected]
