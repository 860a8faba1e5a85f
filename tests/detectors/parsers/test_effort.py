"""How deep documents may be, by schemas."""

from typing import Any

import pytest

from detectors.parsers.contract import ParserError
from detectors.parsers.effort import depth
from detectors.parsers.keywords import copied
from detectors.parsers.rules import build

ROOT = {"$ref": "#"}
PLAIN = {"properties": {"left": ROOT, "right": ROOT, "list": {"type": "array", "items": ROOT}}}
PATH = {"properties": {"next": {"properties": {"next": {"properties": {"next": {}}}}}}}

CASES = [
    (True, 64),
    (PLAIN, 64),  # two places are no two looks at one
    ({"anyOf": [PLAIN, {"type": "null"}]}, 64),
    ({"anyOf": [PATH, PATH, PATH]}, 64),  # three looks at each, and no more with depth
    ({"anyOf": [PLAIN, PLAIN]}, 6),
    ({"oneOf": [PLAIN, {"additionalProperties": ROOT}]}, 6),
    ({"allOf": [PLAIN, PLAIN, PLAIN]}, 3),
    ({"not": PLAIN, "if": PLAIN}, 6),
    ({"prefixItems": [ROOT], "items": ROOT, "contains": ROOT}, 7),
    ({"patternProperties": {"^a": ROOT, "b$": ROOT}}, 7),
    ({"$defs": {"a": {"properties": {"x": ROOT}}}, "anyOf": [{"$ref": "#/$defs/a"}], "dependentSchemas": {"x": {"$ref": "#/$defs/a"}}}, 5),
    ({"properties": {"x": {"anyOf": [ROOT]}}, "anyOf": [{"properties": {"x": ROOT}}], "unevaluatedProperties": False}, 3),
    ({"anyOf": [{"unevaluatedProperties": ROOT}, {"unevaluatedProperties": ROOT}]}, 6),
]


@pytest.mark.parametrize(("schema", "expected"), CASES, ids=[f"{index}" for index in range(len(CASES))])
def test_depth(schema: Any, expected: int):
    """Only where one value is looked at more often the deeper it is, documents must not be deep."""
    assert depth(*build(schema), 64) == expected


def test_at_most():
    """Documents are never deeper than is asked for."""
    assert depth(*build({"anyOf": [PLAIN, PLAIN]}), 3) == 3


@pytest.mark.parametrize("held", [{"a": {"anyOf": [ROOT] * 40}}, {f"p{index}": ROOT for index in range(400)}], ids=["deep", "wide"])
def test_too_many(held: Any):
    """A schema under which no document could be as deep as documents are, or that is too large to tell, is unusable."""
    with pytest.raises(ParserError, match="too many to check"):
        depth(*build(copied({"properties": held})), 64)
