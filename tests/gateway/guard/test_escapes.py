r"""Escapes undone for detectors, and what they find brought back to the text as it stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.finding import Finding
from gateway.guard.escapes import unescaped, view


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r'{"a": "b\nc"}', '{"a": "b\nc"}'),
        (r"Jos\u00e9", "Jos\u00e9"),
        (r"\\\n four backslashes of JSON in JSON", "\n four backslashes of JSON in JSON"),
        (r"\ud83d\ude00!", "  !"),
        (r"a\u00e", r"a\u00e"),
        (r"C:\programs", r"C:\programs"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_views(text: str, read: str):
    """The escapes of JSON are undone, however often they were escaped; other backslashes stay."""
    assert unescaped(text) == read


@given(st.text(st.sampled_from('ab \n\té日"1'), max_size=30), st.data())
def test_offsets_come_back(value: str, data: st.DataObject):
    """A piece of a view stands, escaped, at the offsets that it is brought back to."""
    text = json.dumps({"k": value})
    seen = view(text)
    if seen is None:
        return
    start = data.draw(st.integers(0, len(seen.text) - 1))
    end = data.draw(st.integers(start + 1, len(seen.text)))
    (found,) = seen.back([Finding("pii", "pii.X", start, end, 1.0)])
    assert unescaped(text[found.start : found.end]).replace("\t", "\n") == seen.text[start:end]
    assert found.start == 0 or unescaped(text[: found.start]) + seen.text[start:] == seen.text


def test_json_is_what_its_view_says():
    """In JSON an escape is an escape; elsewhere a backslash may be meant."""
    json_view, other = view(r'{"a": "\n"}'), view(r"CORP\nancy")
    assert json_view is not None
    assert other is not None
    assert (json_view.is_whole, other.is_whole) == (True, False)


def test_a_run_of_backslashes_costs_no_more_than_its_length():
    """A million of them are passed over at once."""
    assert view("\\" * 1_000_000) is None
