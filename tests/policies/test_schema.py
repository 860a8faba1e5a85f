"""Pydantic's errors in our words."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policies.domain import Uncertainty
from policies.policy import Action
from policies.positions import parse
from policies.problems import ProblemsError
from policies.schema import validate
from policies.vocabulary import Name


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


class Inner(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    name: Name = "x"
    count: Annotated[int, Field(ge=1, lt=5)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1
    free: float = 0
    flag: bool = False
    action: Action = Action.FLAG
    words: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=3)], ...], Field(min_length=1, max_length=2)] = ("a",)
    even: Annotated[int, AfterValidator(_even)] = 0
    names: dict[Name, str] = {}


class Outer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    needed: bool


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: 5", "name: must be a string; put it in quotes"),
        ("name: a b", "name: must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
        ("count: '1'", "count: must be a whole number"),
        ("count: 1.5", "count: must be a whole number"),
        ("count: true", "count: must be a whole number"),
        ("count: 0", "count: must be at least 1"),
        ("count: 5", "count: must be less than 5"),
        ("share: 0", "share: must be more than 0.0"),
        ("share: 1.1", "share: must be at most 1.0"),
        ("share: x", "share: must be a number"),
        ("free: 1e999", "free: must be a finite number"),
        ("names: {a: [x, {b: -.inf}]}", "names.a[1].b: must be a finite number"),
        ("share: .nan", "share: must be a finite number"),
        ("flag: yes", "flag: must be true or false"),
        (
            "action: blok",
            "action: 'blok' is not allowed here; did you mean block? allowed: allow, flag, redact, mask, hash, tokenize, reask, block",
        ),
        ("action: 1", "action: must be a string; allowed: allow, flag, redact, mask, hash, tokenize, reask, block"),
        ("words: a", "words: must be a list"),
        ("words: []", "words: must have at least 1 entries"),
        ("words: [[]]", "words[0]: must be a string; put it in quotes"),
        ("words: [a, b, c]", "words: must have at most 2 entries"),
        ("words: [a, '']", "words[1]: must not be empty"),
        ("words: [a, abcd]", "words[1]: must have at most 3 characters"),
        ("even: 1", "even: must be even"),
        ("names: [a]", "names: must be a mapping (key: value)"),
        ("names: {a b: c}", "names.a b: must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
        ("coun: 1", "coun: unknown key; did you mean count? allowed: name, count, share, free, flag, action, words, even, names"),
    ],
)
def test_messages(text, message):
    """Every kind of error says what is wrong and what is allowed."""
    with pytest.raises(ProblemsError) as error:
        validate(Inner, parse(text, "f"))
    assert str(error.value) == f"f:1: {message}"


def test_all_problems_at_once_in_order():
    """One reading names every problem, by line, in nested models too."""
    text = "many:\n  - {count: 2}\n  - {count: 9}\n  - 5\ninner:\n  flg: true\n"
    with pytest.raises(ProblemsError) as error:
        validate(Outer, parse(text, "f"))
    keys = "name, count, share, free, flag, action, words, even, names"
    assert str(error.value).splitlines() == [
        "f:1: needed: this key is required",
        "f:3: many[1].count: must be less than 5",
        f"f:4: many[2]: must be a mapping; allowed keys: {keys}",
        f"f:6: inner.flg: unknown key; did you mean flag? allowed: {keys}",
    ]


def test_root_of_the_wrong_shape():
    """A file that is no mapping is told which keys there are."""
    with pytest.raises(ProblemsError) as error:
        validate(Outer, parse("- a", "f"))
    assert str(error.value) == "f:1: must be a mapping; allowed keys: inner, many, needed"


def test_what_follows_from_another_mistake():
    """A default that hangs on a key which is wrong is no second problem."""
    with pytest.raises(ProblemsError) as error:
        validate(Uncertainty, parse("max_entropy: 1\naction: blok", "f"))
    assert {problem.key.partition(".")[0] for problem in error.value.problems} == {"action"}
