"""What is outside of a domain before anything is sent."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policies.bounds import bounds_requests, broken
from policies.domain_parts import OF_REQUESTS, PATHS
from policies.subject import Asked, Subject
from policies.verdict import Action

SUNDAY_NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SUBJECT = Subject("bot", "gpt-4o-mini", "chat", group="staff")
ASKED = Asked(messages=3, chars=1000, max_tokens=100, temperature=0.7, n=1, tools=("search",), kinds=frozenset({"text", "image"}))


def found(loaded, domain: str, subject=SUBJECT, asked=ASKED, time=SUNDAY_NOON):
    policy = loaded(f"name: p\ndomain: {domain}").policy
    return {fired.rule.removeprefix("domain."): fired.action for fired in broken(policy, subject, asked, time)}


@pytest.mark.parametrize(
    ("domain", "keys"),
    [
        ("{}", []),
        ("{input: {max_chars: 1000, max_messages: 3, modalities: [text, image]}}", []),
        ("{input: {max_chars: 999}}", ["input.max_chars"]),
        ("{input: {max_messages: 2}}", ["input.max_messages"]),
        ("{input: {modalities: [text]}}", ["input.modalities"]),
        ('{request: {models: ["gpt-4o*"], max_tokens: 100, temperature: {max: 0.7}, n: {max: 1}}}', []),
        ('{request: {models: ["gpt-4o"]}}', ["request.models"]),
        ("{request: {max_tokens: 99}}", ["request.max_tokens"]),
        ("{request: {temperature: {min: 0.8}}}", ["request.temperature"]),
        ("{request: {temperature: {max: 0.6}, n: {max: 0}}}", ["request.temperature", "request.n"]),
        ("{request: {top_p: {max: 0.5}}}", []),
        ("{tools: {allow: [search, mail]}}", []),
        ("{tools: {allow: []}}", ["tools.allow"]),
        ('{groups: ["st*"]}', []),
        ("{groups: [admins]}", ["groups"]),
        ("{hours: {days: [mon, tue, wed, thu, fri]}}", ["hours"]),
        ('{hours: {start: "12:00", end: "13:00"}}', []),
        ('{hours: {start: "12:01", end: "13:00"}}', ["hours"]),
        ('{hours: {start: "08:00", end: "12:00"}}', ["hours"]),
        ('{hours: {start: "22:00", end: "12:01", days: [sat]}}', []),
        ('{hours: {start: "22:00", end: "12:01", days: [sun]}}', ["hours"]),
        ('{hours: {start: "07:00", end: "07:01", timezone: America/New_York}}', []),
    ],
)
def test_bounds(loaded, domain, keys):
    """Each bound that is broken is named, and both ends of a range belong to it."""
    assert list(found(loaded, domain)) == keys


@pytest.mark.parametrize(
    ("subject", "asked", "is_broken"),
    [
        (SUBJECT, Asked(messages=1), True),
        (SUBJECT, Asked(messages=0), False),
        (Subject("bot", "m", "message_batches"), Asked(messages=1), True),
        (SUBJECT, Asked(messages=1, max_tokens=5, parts=(Asked(messages=1, max_tokens=5), Asked(messages=1))), True),
        (Subject("bot", "m", "embeddings"), Asked(messages=1), False),
        (Subject("bot", "m", "assistants"), Asked(messages=1), False),
        (Subject("bot", "", "assistants"), Asked(max_tokens=math.nan), True),
    ],
)
def test_a_request_must_say_how_long_its_answer_may_be(loaded, subject, asked, is_broken):
    """Where there is a bound, one that asks for none is outside of it, unless its API has no such thing."""
    assert bool(found(loaded, "{request: {max_tokens: 100}}", subject, asked)) is is_broken


@pytest.mark.parametrize("bound", ["temperature: {max: 2}", "temperature: {min: 0}", "top_p: {max: 1}", "n: {max: 9}", "max_tokens: 9"])
def test_what_is_no_number_is_outside(loaded, bound):
    """It is within no bound, whichever end that has; where there is none, nothing is said of it."""
    key = bound.partition(":")[0]
    asked = replace(Asked(messages=1, max_tokens=1), **{key: math.nan})
    assert list(found(loaded, f"{{request: {{{bound}}}}}", asked=asked)) == [f"request.{key}"]
    assert not found(loaded, "{request: {models: ['*']}}", asked=asked)


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        ([{"temperature": 0.5}, {"temperature": 0.6}], []),
        ([{"temperature": 0.5}, {"temperature": 0.1}], ["request.temperature"]),
        ([{"temperature": 0.1}, {"temperature": 0.9}], ["request.temperature"]),
        ([{}, {"n": 3}, {"max_tokens": 101}], ["request.n", "request.max_tokens"]),
    ],
)
def test_each_of_several_requests_is_held_to_the_bounds(loaded, parts, keys):
    """The worst of them decides, at either end of a range, and each bound is named once."""
    domain = "{request: {temperature: {min: 0.4, max: 0.7}, n: {max: 2}, max_tokens: 100}}"
    each = tuple(Asked(**{"messages": 1, "max_tokens": 100, **part}) for part in parts)
    assert list(found(loaded, domain, asked=Asked(messages=1, max_tokens=100, temperature=math.nan, parts=each))) == keys


def test_actions(loaded):
    """A part's own action counts, else the domain's; a shadow policy only says it."""
    domain = "{action: flag, input: {max_chars: 1, action: block}, request: {max_tokens: 1}}"
    assert found(loaded, domain) == {"input.max_chars": Action.BLOCK, "request.max_tokens": Action.FLAG}
    policy = loaded(f"name: p\nmode: shadow\ndomain: {domain}").policy
    assert all(fired.shadow for fired in broken(policy, SUBJECT, ASKED, SUNDAY_NOON))


def test_what_requests_are_held_to():
    """Each bound of requests is a bound of the domain."""
    assert set(OF_REQUESTS) < set(PATHS)


@pytest.mark.parametrize(
    ("domain", "expected"), [("{}", False), ("{languages: [en]}", False), ("{groups: [a]}", True), ("{request: {n: {max: 1}}}", True)]
)
def test_bounds_requests(loaded, domain, expected):
    """Where a policy bounds nothing of the kind, nothing is looked for."""
    assert bounds_requests(loaded(f"name: p\ndomain: {domain}").policy.domain) is expected


@pytest.mark.parametrize(("surface", "is_broken"), [("chat", True), ("images", True), ("conversations", False), ("assistants", False)])
def test_who_answers_is_named(loaded, surface, is_broken):
    """Where only some models may answer a request has to name one, unless its messages are only kept."""
    assert bool(found(loaded, "{request: {models: [m]}}", Subject("bot", "", surface), Asked(messages=9))) is is_broken
    assert found(loaded, "{request: {models: [m]}}", Subject("bot", "other", surface), Asked())


@pytest.mark.parametrize("time", [datetime.max.replace(tzinfo=UTC), datetime.fromisoformat("9999-12-31T23:59:59-12:00"),
                                  datetime.fromisoformat("0001-01-01T00:00:00+12:00")], ids=["last", "after", "before"])  # fmt: skip
def test_a_time_beyond_the_calendar(loaded, time):
    """It is within no hours."""
    zone = "America/New_York" if time.year == 1 else "Asia/Tokyo"
    assert list(found(loaded, f'{{hours: {{start: "00:00", end: "23:59", timezone: {zone}}}}}', time=time)) == ["hours"]


@pytest.mark.parametrize(
    ("models", "is_broken"),
    [((), False), (("gpt-4o",), False), (("gpt-4o", "o3"), True), (("",), True)],
    ids=["none", "allowed", "one is not", "no name"],
)
def test_models_that_may_answer_instead(loaded, models, is_broken):
    """Each of them must be a model that the policy allows."""
    assert bool(found(loaded, '{request: {models: ["gpt-4o*"]}}', asked=replace(ASKED, models=models))) == is_broken
