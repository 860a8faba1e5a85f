"""The error tree: what its docstring says is so."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gateway import errors
from gateway.errors import BadRequest, GatewayError, PolicyViolation

ROOT = Path(__file__).parent.parent.parent
TREE = dict(re.findall(r"[├└]── (\w+) +(\d{3})", errors.__doc__))


def _subclasses(kind: type[GatewayError]) -> set[type[GatewayError]]:
    return {kind} | {each for below in kind.__subclasses__() for each in _subclasses(below)}


def test_the_tree_is_drawn():
    """Every error of the module stands in its docstring with its status."""
    ours = {each for each in _subclasses(GatewayError) if each.__module__ == errors.__name__ and each is not GatewayError}
    assert {each.__name__: str(each.status) for each in ours} == TREE


@cache
def _raised_codes() -> frozenset[str]:
    """The first argument of every error that the gateway makes."""
    names = {each.__name__ for each in _subclasses(GatewayError)} | {"Unreachable"}
    found = set()
    for path in (ROOT / "gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant) and re.fullmatch(r"[a-z]+(_[a-z]+)+", str(code.value)):
                    found.add(code.value)
    return frozenset(found)


def test_every_code_is_drawn():
    """Codes are stable and documented, so a new one is written into the tree."""
    drawn = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", errors.__doc__))
    assert _raised_codes() - drawn == set()
    assert drawn - _raised_codes() == {"internal_error", "content_filter", "method_not_allowed"}, (
        "a code that nobody gives, but for those of their own classes"
    )
    assert _raised_codes() > {"invalid_json", "upstream_reset", "journal_unavailable"}


def test_an_error():
    """It has what an answer needs, and its text is its code and message."""
    error = BadRequest("invalid_body", "model must be a string.", "model")
    assert (error.code, error.status, error.type, error.param) == ("invalid_body", 400, "invalid_request_error", "model")
    assert str(error) == "invalid_body: model must be a string."


@pytest.mark.parametrize(("kind", "type_"), [(BadRequest, "invalid_request_error"), (errors.Unauthorized, "authentication_error")])
def test_types(kind: type[GatewayError], type_: str):
    """Types are those of the dialects."""
    assert kind.type == type_


def test_a_violation():
    """It knows which rules and why, and is no fault."""
    violation = PolicyViolation("No.", ("pii",), ("pii: PERSON in user",))
    assert (violation.code, violation.status, violation.type) == ("content_filter", 400, "policy_violation")
    assert (violation.rules, violation.reasons) == (("pii",), ("pii: PERSON in user",))
