"""The texts in which flows are followed."""

import pytest

from policies.rehearsal.exchange import Text, parts
from policies.vocabulary import Scope

DEEP = "[" * 80 + '"x"' + "]" * 80


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (Text(Scope.USER, '{"a": "b"}'), [("", '{"a": "b"}')]),
        (Text(Scope.TOOL_ARGUMENTS, "b", path="a"), [("a", "b")]),
        (Text(Scope.TOOL_ARGUMENTS, '{"a": ["b", 5, true, null], "c": {"d": 1.5}}'), [("a.0", "b"), ("a.1", "5"), ("c.d", "1.5")]),
        (Text(Scope.TOOL_ARGUMENTS, "not JSON"), [(None, "not JSON")]),
        (Text(Scope.TOOL_RESULTS, '{"a": "b"}'), [("", '{"a": "b"}')]),
    ],
)
def test_parts(text, expected):
    """A call's whole arguments are followed one by one, with their paths; all else is one text."""
    assert list(parts(text)) == expected
