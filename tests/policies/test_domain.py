"""What a domain may say, and what is refused of it."""

import json
from itertools import product

import pytest
from pydantic import ValidationError

from policies.domain import (
    MAX_ENTROPY,
    Domain,
    Hours,
    InputBounds,
    OutputBounds,
    Outside,
    Range,
    RequestBounds,
    Resample,
    Tools,
    Topics,
    Uncertainty,
)
from policies.verdict import Action

TOPIC = {"name": "cards", "examples": ["I lost my card", "where is my card"]}
FORMS = {"json_schema": {"type": "object"}, "regex": "[a-z]+", "grammar": "start: /[a-z]+/"}


def domain(**parts: object) -> Domain:
    return Domain.model_validate_json(json.dumps(parts))


def why_not(**parts: object) -> tuple[tuple[str | int, ...], str]:
    """Where the first thing that is wrong stands, and what is said of it."""
    with pytest.raises(ValidationError) as error:
        domain(**parts)
    first = error.value.errors()[0]
    return first["loc"], first["msg"]


def test_what_is_not_said_bounds_nothing():
    """But what is outside of a bound is blocked unless the policy says otherwise, and so is what could not be judged."""
    bounds = {"languages": None, "topics": None, "hours": None, "groups": None}
    assert Domain() == Domain(
        action=Action.BLOCK, input=InputBounds(), request=RequestBounds(), tools=Tools(), output=OutputBounds(), **bounds
    )
    for part in (InputBounds(), RequestBounds(), OutputBounds()):
        assert {value for key, value in part if key != "max_reasks"} == {None}
    assert (Tools().allow, Tools().arguments, OutputBounds().max_reasks) == (None, {}, 1)
    outside = Outside()
    assert {outside.action, outside.on_error, outside.on_timeout, outside.on_unavailable} == {Action.BLOCK}
    assert Uncertainty(max_entropy=1.0).action is Action.FLAG
    assert Uncertainty(max_fpr=0.05).limit == MAX_ENTROPY


@pytest.mark.parametrize(("action", "fails"), [("allow", "allow"), ("flag", "flag"), ("block", "block"), ("reask", "block")])
def test_what_cannot_be_measured(action: str, fails: str):
    """It is treated as what is too uncertain, unless the policy says otherwise; nobody is asked again for it."""
    said = {"max_entropy": 1, "action": action}
    assert domain(output={"uncertainty": said}).output.uncertainty.on_unavailable == fails
    assert domain(output={"uncertainty": {**said, "on_unavailable": "flag"}}).output.uncertainty.on_unavailable == "flag"


@pytest.mark.parametrize("ends", [{"min": 0}, {"max": 0}, {"min": 1, "max": 1}, {"min": -1.5, "max": 2}])
def test_ranges(ends: dict):
    """One end is enough, and both may be the same."""
    assert domain(request={"temperature": ends}).request.temperature == Range(**{key: float(end) for key, end in ends.items()})


@pytest.mark.parametrize(
    ("ends", "why"),
    [({}, "needs min, max or both"), ({"min": None}, "needs min, max or both"), ({"min": 2, "max": 1}, "min is more than max")],
)
def test_ranges_that_are_none(ends: dict, why: str):
    """A range that bounds nothing, or lets nothing through, is a mistake."""
    where, said = why_not(request={"top_p": ends})
    assert (where, said) == (("request", "top_p"), f"Value error, {why}")


@pytest.mark.parametrize("chosen", list(product([False, True], repeat=3)))
def test_an_answer_has_one_form(chosen: tuple[bool, ...]):
    """Of a schema, a pattern and a grammar at most one is given; which ones are too many is said."""
    given = {key: form for (key, form), is_given in zip(FORMS.items(), chosen, strict=True) if is_given}
    if len(given) < 2:
        assert {key: getattr(domain(output=given).output, key) for key in given} == given
    else:
        assert why_not(output=given) == (("output",), f"Value error, an answer has one form; {' and '.join(given)} are given")


@pytest.mark.parametrize(
    "parts",
    [
        {"languages": ["en", "deu"]},
        {"topics": {"allow": [TOPIC], "review": 0}},
        {"topics": {"allow": [TOPIC], "outside": {"action": "allow", "max_fpr": 0.5, "mode": "shadow", "on_timeout": "flag"}}},
        {"input": {"max_chars": 0, "modalities": ["text", "image", "audio", "file"]}},
        {"request": {"models": ["gpt-*"], "max_tokens": 100_000_000, "n": {"max": 1}}},
        {"tools": {"allow": []}},
        {"tools": {"arguments": {"mail.send:v1/x-y": {"type": "object"}}}},
        {"output": {"uncertainty": {"max_entropy": 20, "tail": 1, "resample": {"share": 1, "samples": 8}}}},
        {"output": {"uncertainty": {"max_entropy": 0.5, "max_fpr": 0.5, "action": "block", "on_unavailable": "allow"}}},
        {"output": {"max_reasks": 5, "stream": "whole"}},
        {"hours": {"days": ["mon"], "start": "23:59", "end": "24:00", "timezone": "Europe/Berlin"}},
        {"groups": ["staff", "guest-*"]},
    ],
    ids=lambda parts: "-".join(parts),
)
def test_what_may_be_said(parts: dict):
    """Every bound, up to its edges, is kept as it was given."""
    kept = json.loads(domain(**parts).model_dump_json(exclude_unset=True))
    assert kept == parts


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ({"languages": []}, ("languages",)),
        ({"languages": ["English"]}, ("languages", 0)),
        ({"topics": {"allow": []}}, ("topics", "allow")),
        ({"topics": {}}, ("topics", "allow")),
        ({"topics": {"allow": [TOPIC | {"examples": ["only one"]}]}}, ("topics", "allow", 0, "examples")),
        ({"topics": {"allow": [TOPIC | {"examples": ["one", ""]}]}}, ("topics", "allow", 0, "examples", 1)),
        ({"topics": {"allow": [TOPIC | {"name": "no name"}]}}, ("topics", "allow", 0, "name")),
        ({"topics": {"allow": [TOPIC], "review": 0.6}}, ("topics", "review")),
        ({"topics": {"allow": [TOPIC], "outside": {"max_fpr": 0}}}, ("topics", "outside", "max_fpr")),
        ({"topics": {"allow": [TOPIC], "outside": {"max_fpr": 0.51}}}, ("topics", "outside", "max_fpr")),
        ({"topics": {"allow": [TOPIC], "outside": {"on_error": "redact"}}}, ("topics", "outside", "on_error")),
        ({"input": {"max_chars": -1}}, ("input", "max_chars")),
        ({"input": {"max_messages": "2"}}, ("input", "max_messages")),
        ({"input": {"modalities": []}}, ("input", "modalities")),
        ({"input": {"modalities": ["video"]}}, ("input", "modalities", 0)),
        ({"request": {"models": []}}, ("request", "models")),
        ({"request": {"max_tokens": 100_000_001}}, ("request", "max_tokens")),
        ({"request": {"temprature": {"max": 1}}}, ("request", "temprature")),
        ({"tools": {"allow": ["send mail"]}}, ("tools", "allow", 0)),
        ({"tools": {"arguments": {"send mail": {}}}}, ("tools", "arguments", "send mail", "[key]")),
        ({"output": {"regex": ""}}, ("output", "regex")),
        ({"output": {"max_reasks": 0}}, ("output", "max_reasks")),
        ({"output": {"max_reasks": 6}}, ("output", "max_reasks")),
        ({"output": {"uncertainty": {}}}, ("output", "uncertainty")),
        ({"output": {"uncertainty": {"max_fpr": 0.1, "max_tail_entropy": 2}}}, ("output", "uncertainty")),
        ({"output": {"uncertainty": {"max_entropy": 1, "on_unavailable": "reask"}}}, ("output", "uncertainty", "on_unavailable")),
        ({"output": {"uncertainty": {"max_entropy": 1, "resample": {"share": 0}}}}, ("output", "uncertainty", "resample", "share")),
        ({"output": {"uncertainty": {"max_entropy": 1, "tail": 0}}}, ("output", "uncertainty", "tail")),
        ({"hours": {"days": ["monday"]}}, ("hours", "days", 0)),
        ({"hours": {"start": "24:00"}}, ("hours", "start")),
        ({"hours": {"end": "9:00"}}, ("hours", "end")),
        ({"groups": []}, ("groups",)),
        ({"budget": 1}, ("budget",)),
    ],
)
def test_what_is_refused(parts: dict, where: tuple):
    """What is misspelt, empty or out of all reason bounds nothing by silence: it is refused where it stands."""
    assert why_not(**parts)[0] == where


_NAMED = {"action": "reask"}


@pytest.mark.parametrize(
    ("parts", "is_allowed"),
    [
        ({"tools": _NAMED}, True),
        ({"output": _NAMED}, True),
        ({"output": {"uncertainty": {"max_entropy": 1, **_NAMED}}}, True),
        (_NAMED, False),
        ({"input": _NAMED}, False),
        ({"request": _NAMED}, False),
        ({"hours": _NAMED}, False),
        ({"topics": {"allow": [TOPIC], "outside": _NAMED}}, False),
    ],
)
def test_only_answers_are_asked_for_again(parts: dict, is_allowed: bool):
    """``reask`` is an action of the bounds of what a model says, and of no other."""
    if is_allowed:
        domain(**parts)
    else:
        assert "action" in why_not(**parts)[0]


_TOPICS = Topics.model_validate_json(json.dumps({"allow": [TOPIC]}))
_PARTS = (Domain(), Range(max=1.0), Tools(), OutputBounds(), Hours(), Resample(share=0.5), _TOPICS)


@pytest.mark.parametrize("part", _PARTS, ids=lambda part: type(part).__name__)
def test_frozen(part):
    """A policy in force is not changed, only replaced."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(part, next(iter(type(part).model_fields)), None)
