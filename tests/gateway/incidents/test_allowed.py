"""What the settings allow to be done, and what the path lets pass of what the watch says is done."""

import orjson
import pytest

from gateway.incidents.allowed import ActionSettings, Allowed, Endpoint, Known, concerns, objections, permits
from policies.measures import Do, Measure

KNOWN = Known(
    frozenset({"shop", "bank"}),
    {
        "openai": Endpoint("openai", True),
        "azure": Endpoint("openai", True),
        "claude": Endpoint("anthropic", True),
        "bare": Endpoint("any", False),
    },
)


def settings(*entries: dict, **keys: object) -> ActionSettings:
    return ActionSettings.model_validate_json(orjson.dumps({"allow": [{"id": f"a{n}", **each} for n, each in enumerate(entries)], **keys}))


@pytest.mark.parametrize(
    "do",
    [
        {"switch_upstream": {"from": "openai", "to": "azure"}},
        {"switch_upstream": {"from": "{upstream}", "to": "claude"}},
        {"rate_limit": {"app": "{app}", "per_minute": 60}},
        {"quarantine": {"app": "shop"}},
        {"quarantine": {"key": "0123456789abcdef"}},
        {"concurrency": {"upstream": "{upstream}", "limit": 8}},
        {"switch_model": {"from": "{model}", "to": "any-model"}},
        {"tighten": {"rule": "{rule}", "action": "block"}},
        {"force_redaction": {}},
    ],
    ids=lambda do: next(iter(do)),
)
def test_what_is_allowed(do: dict):
    """What names only what there is has nothing said against it."""
    assert list(objections(settings({"do": do}), KNOWN)) == []


@pytest.mark.parametrize(
    ("entry", "place", "complaint"),
    [
        ({"do": {"quarantine": {"app": "gone"}}}, ("do", "quarantine", "app"), "there is no app gone; allowed: bank, shop"),
        ({"do": {"concurrency": {"upstream": "gone", "limit": 1}}}, ("do", "concurrency", "upstream"), "there is no upstream gone"),
        ({"do": {"switch_upstream": {"from": "openai", "to": "gone"}}}, ("do", "switch_upstream", "to"), "there is no upstream gone"),
        ({"do": {"switch_upstream": {"from": "openai", "to": "openai"}}}, ("do", "switch_upstream", "to"), "where it goes anyway"),
        ({"do": {"switch_upstream": {"from": "openai", "to": "claude"}}}, ("do", "switch_upstream", "to"), "claude speaks anthropic"),
        ({"do": {"force_redaction": {}}, "when": {"apps": ["gone"]}}, ("when", "apps", 0), "there is no app gone"),
    ],
)
def test_what_would_do_nothing(entry: dict, place: tuple, complaint: str):
    """A name that there is not is said to be none, at its place."""
    [(loc, message)] = objections(settings(entry), KNOWN)
    assert loc == ("allow", 0, *place)
    assert complaint in message


def test_nothing_goes_by_a_name_that_a_client_makes_up():
    """Where no applications are configured, none is aimed at by its name."""
    [(_, message)] = objections(settings({"do": {"rate_limit": {"app": "{app}", "per_minute": 1}}}), Known(upstreams=KNOWN.upstreams))
    assert "no applications are configured" in message


def test_no_client_s_key_goes_to_another_endpoint():
    """Where clients bring their own keys, an upstream without one of its own stands for no other."""
    switch = settings({"do": {"switch_upstream": {"from": "openai", "to": "bare"}}})
    [(_, message)] = objections(switch, Known(upstreams=KNOWN.upstreams))
    assert "the keys that clients have for another endpoint" in message
    assert list(objections(switch, KNOWN)) == []


def test_each_has_its_own_id():
    """An id that is given twice is refused."""
    twice = settings({"id": "one", "do": {"force_redaction": {}}}, {"id": "one", "do": {"force_redaction": {}}})
    assert [loc for loc, _ in objections(twice, KNOWN)] == [("allow", 1, "id")]


ENTRY = {"id": "slow", "ttl_s": 60, "do": {"rate_limit": {"app": "{app}", "per_minute": 60}}}


@pytest.mark.parametrize(
    ("entry", "words", "keys", "expected"),
    [
        (ENTRY, {"rate_limit": {"app": "shop", "per_minute": 60}}, {}, 60),
        (ENTRY, {"rate_limit": {"app": "shop", "per_minute": 1}}, {}, None),
        (ENTRY, {"rate_limit": {"key": "0123456789abcdef", "per_minute": 60}}, {}, None),
        (ENTRY, {"quarantine": {"app": "shop"}}, {}, None),
        (ENTRY, {"rate_limit": {"app": "shop", "per_minute": 60}}, {"dry_run": True}, None),
        ({**ENTRY, "dry_run": True}, {"rate_limit": {"app": "shop", "per_minute": 60}}, {}, None),
        ({**ENTRY, "id": "other"}, {"rate_limit": {"app": "shop", "per_minute": 60}}, {}, None),
    ],
)
def test_what_is_permitted(entry: dict, words: dict, keys: dict, expected: float | None):
    """The path does what an entry of its own settings says, for as long as that says, and nothing else."""
    measure = Measure("m", "slow", Do.model_validate_json(orjson.dumps(words)), 0.0, 1e12)
    assert permits(settings(entry, **keys), measure) == expected


@pytest.mark.parametrize(
    ("when", "app", "expected"),
    [
        ({}, "", True),
        ({"apps": ["sh*"]}, "shop", True),
        ({"apps": ["sh*"]}, "", False),
        ({"about": ["errors"]}, "x", True),
        ({"about": ["cost"]}, "x", False),
    ],
)
def test_which_incidents(when: dict, app: str, expected: bool):
    """An incident is meant by what is wrong and by whose it is."""
    entry = Allowed.model_validate_json(orjson.dumps({"id": "a", "when": when, "do": {"force_redaction": {}}}))
    assert concerns(entry.when, ["latency", "errors"], app) is expected
