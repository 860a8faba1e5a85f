"""The words of measures, and the sheet on which they travel."""

import orjson
import pytest
from pydantic import ValidationError

from policies.measures import MAX_MEASURES, MAX_SHEET_BYTES, Do, Measure, Sheet, SheetError, parse, render, said

WORDS = [
    {"switch_upstream": {"from": "openai", "to": "azure"}},
    {"switch_upstream": {"app": "shop", "from": "openai", "to": "azure"}},
    {"switch_model": {"from": "gpt-4o", "to": "gpt-4o-mini"}},
    {"rate_limit": {"app": "shop", "per_minute": 60}},
    {"rate_limit": {"key": "0123456789abcdef", "per_minute": 60}},
    {"quarantine": {"app": "shop"}},
    {"quarantine": {"key": "0123456789abcdef"}},
    {"tighten": {"rule": "injection", "action": "block"}},
    {"tighten": {"rule": "topics", "app": "shop", "max_fpr": 0.05}},
    {"force_redaction": {}},
    {"concurrency": {"upstream": "openai", "limit": 8}},
]


def do_of(words: dict) -> Do:
    return Do.model_validate_json(orjson.dumps(words))


def measure(words: dict, name: str = "m", **fields: object) -> Measure:
    return Measure(**{"id": f"{name}:inc-1", "action": name, "do": do_of(words), "since": 100.0, "expires": 200.0, **fields})


@pytest.mark.parametrize("words", WORDS, ids=lambda words: orjson.dumps(words).decode())
def test_a_measure_travels_whole(words: dict):
    """What is written on a sheet is what is read from it."""
    sheet = Sheet(100.0, (measure(words),))
    assert parse(render(sheet)) == sheet
    assert said(do_of(words)) == words


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({}, "one thing is done"),
        ({"quarantine": {"app": "shop"}, "force_redaction": {}}, "one thing is done"),
        ({"quarantine": {}}, "say whose"),
        ({"rate_limit": {"app": "a", "key": "0123456789abcdef", "per_minute": 1}}, "say whose"),
        ({"tighten": {"rule": "pii"}}, "say what becomes stricter"),
        ({"tighten": {"rule": "pii", "action": "allow"}}, "action"),
        ({"quarantine": {"app": "*"}}, "app"),
        ({"quarantine": {"app": "{upstream}"}}, "app"),
        ({"quarantine": {"key": "sk-secret"}}, "key"),
        ({"switch_upstream": {"from": "a", "to": "{upstream}"}}, "to"),
        ({"concurrency": {"upstream": "a", "limit": 0}}, "limit"),
        ({"loosen": {"rule": "pii"}}, "loosen"),
    ],
)
def test_what_no_measure_says(words: dict, complaint: str):
    """What would loosen, reach everybody at once or do two things is not taken."""
    with pytest.raises(ValidationError, match=complaint):
        do_of(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"quarantine": {"app": "{app}"}}, ("app",)),
        ({"switch_upstream": {"app": "{app}", "from": "{upstream}", "to": "b"}}, ("app", "upstream")),
        ({"switch_model": {"from": "{model}", "to": "b"}}, ("model",)),
        ({"tighten": {"rule": "{rule}", "action": "block"}}, ("rule",)),
        ({"force_redaction": {}}, ()),
    ],
)
def test_placeholders(words: dict, expected: tuple[str, ...]):
    """It is known what a measure must be filled with."""
    assert sorted(do_of(words).placeholders) == sorted(expected)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"measures": 1, "ts": 1}',
        b'{"measures": []}',
        b'{"measures": [], "ts": -1}',
        b'{"measures": [], "ts": "x"}',
        b'{"measures": [], "ts": true}',
        b"x" * (MAX_SHEET_BYTES + 1),
        orjson.dumps({"ts": 1, "measures": [{}] * (MAX_MEASURES + 1)}),
    ],
    ids=range(11),
)
def test_no_sheet(content: bytes):
    """What is no sheet is said to be none, whatever it is."""
    with pytest.raises(SheetError):
        parse(content)


@pytest.mark.parametrize(
    "strange",
    [
        {"do": {"of-tomorrow": {}}}, {"do": {"quarantine": {"app": "{app}"}}}, {"id": ""}, {"id": "x" * 300}, {"expires": "soon"},
        {"expires": float("inf")}, {"since": None}, {"do": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_understood_is_left_out(strange: dict):
    """One measure that this version cannot use keeps no other one from being used."""
    good = orjson.loads(render(Sheet(1.0, (measure({"force_redaction": {}}),))))
    good["measures"].append({**good["measures"][0], **strange})
    sheet = parse(orjson.dumps(good))
    assert (len(sheet.measures), sheet.left_out) == (1, 1)


def test_too_many_are_not_written():
    """No sheet is written that nobody would read."""
    with pytest.raises(ValueError, match="can be in force"):
        render(Sheet(1.0, (measure({"force_redaction": {}}),) * (MAX_MEASURES + 1)))
