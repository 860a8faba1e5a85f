"""What two policies decide otherwise, by their words."""

import pytest

from policies.diff import _SETTINGS, diff, same_names

BASE = """\
name: p
rules:
- {id: a, detect: pii, scope: [user], entities: [EMAIL_ADDRESS, PHONE_NUMBER], action: redact}
- {id: b, detect: secrets, action: block}
flows: [{id: f, from: tool_results, to: output, action: block}]
"""


TOPIC = "allow: [{name: t, examples: [a, b]}]"


def changes(loaded, old, new):
    return [(change.key, str(change.trend)) for change in diff(loaded(old).policy, loaded(new).policy)]


def test_alike(loaded):
    """Words that nobody decides by, the order of rules, and defaults that are written out are no change."""
    lines = BASE.splitlines()
    swapped = "\n".join([lines[0], "owner: someone\ndescription: a policy", lines[1], lines[3], lines[2], lines[4], "mode: enforce"])
    assert changes(loaded, BASE, swapped) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("action: redact", "action: block", [("rules.a.action", "tighter")]),
        ("action: redact", "action: flag", [("rules.a.action", "looser")]),
        ("action: redact", "action: hash", [("rules.a.action", "other")]),
        ("action: redact", "action: redact, on_timeout: flag", [("rules.a.on_timeout", "looser")]),
        ("action: redact", "action: redact, mode: shadow", [("rules.a.mode", "looser")]),
        ("action: redact", "action: redact, mode: enforce", [("rules.a.mode", "other")]),
        ("action: redact", "action: redact, min_score: 0.5", [("rules.a.min_score", "looser")]),
        ("action: redact", "action: redact, when: 'exchange.stream'", [("rules.a.when", "looser")]),
        ("action: redact", "action: redact, allow_list: [x]", [("rules.a.allow_list", "looser")]),
        ("scope: [user]", "scope: [user, system]", [("rules.a.scope", "tighter")]),
        ("scope: [user]", "scope: [system]", [("rules.a.scope", "mixed")]),
        ("EMAIL_ADDRESS, PHONE_NUMBER", "EMAIL_ADDRESS", [("rules.a.entities", "looser")]),
        ("- {id: b, detect: secrets, action: block}\n", "", [("rules.b", "looser")]),
        ("rules:\n", "rules:\n- {id: c, detect: secrets, action: block}\n", [("rules.c", "tighter")]),
        ("to: output", "to: output, min_chars: 4", [("flows.f.min_chars", "tighter")]),
        ("to: output", "to: output, unless: [user]", [("flows.f.unless", "looser")]),
        ("name: p", "name: p\nmode: shadow", [("mode", "looser")]),
        ("name: p", "name: p\non_uninspectable: {image: block}", [("on_uninspectable.image", "tighter")]),
        ("name: p", "name: p\nrespond: {style: refusal}", [("respond.style", "other")]),
        ("name: p", "name: p\ndomain: {input: {max_chars: 5}}", [("domain.input.max_chars", "tighter")]),
        ("name: p", "name: p\nborders: {domain.topics: 0.1}", [("borders.domain.topics", "mixed")]),
        ("name: p", "name: p\napplies_to: {apps: [nobody]}", [("applies_to.apps", "mixed")]),
        ("name: p", "name: p\nrollout: {of: other, percent: 5}", [("rollout", "other")]),
    ],
)  # fmt: skip
def test_changes(loaded, old, new, expected):
    """Each key that differs, and which way; the other way round the other way."""
    assert changes(loaded, BASE, BASE.replace(old, new, 1)) == expected
    turned = {"tighter": "looser", "looser": "tighter", "mixed": "mixed", "other": "other"}
    assert changes(loaded, BASE.replace(old, new, 1), BASE) == [(key, turned[trend]) for key, trend in expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("input: {max_chars: 5}", "input: {max_chars: 6}", [("domain.input.max_chars", "looser")]),
        ("request: {models: [a, b]}", "request: {models: [a]}", [("domain.request.models", "tighter")]),
        ("request: {models: [a]}", "request: {models: [b]}", [("domain.request.models", "mixed")]),
        ("request: {n: {max: 3}}", "request: {n: {max: 2}}", [("domain.request.n", "tighter")]),
        ("request: {n: {max: 3}}", "request: {n: {min: 1}}", [("domain.request.n", "mixed")]),
        ("output: {max_chars: 5}", "action: flag, output: {max_chars: 5}", [("domain.output.max_chars: action", "looser")]),
        ("action: flag, output: {max_chars: 5}", "action: flag, output: {max_chars: 5, action: flag}", []),
        ("output: {max_chars: 5}", "output: {max_chars: 5, max_reasks: 2}", [("domain.output.max_reasks", "other")]),
        ("tools: {arguments: {a: {}}}", "tools: {arguments: {a: {type: object}}}", [("domain.tools.arguments.a", "tighter")]),
        (
            "hours: {start: '08:00'}",
            "hours: {start: '08:30', end: '20:00'}",
            [("domain.hours.start", "tighter"), ("domain.hours.end", "tighter")],
        ),
        (
            "tools: {arguments: {a: {}}}",
            "tools: {arguments: {b: {}}}",
            [("domain.tools.arguments.a", "looser"), ("domain.tools.arguments.b", "tighter")],
        ),
        (
            "input: {max_chars: 5}",
            "input: {max_chars: 4, action: flag}",
            [("domain.input.max_chars", "tighter"), ("domain.input.max_chars: action", "looser")],
        ),
        ("tools: {allow: [a]}", "tools: {allow: [a], action: reask}", [("domain.tools.allow: action", "other")]),
        ("output: {languages: [en]}", "output: {languages: [en], action: reask}", []),
        ("hours: {start: '08:00'}", "hours: {start: '08:00', action: flag}", [("domain.hours: action", "looser")]),
        (f"topics: {{{TOPIC}}}", f"topics: {{{TOPIC}, review: 0.2}}", [("domain.topics.review", "other")]),
        (f"topics: {{{TOPIC}}}", f"topics: {{{TOPIC}, outside: {{action: flag}}}}", [("domain.topics: action", "looser")]),
        (f"topics: {{{TOPIC}}}", f"topics: {{{TOPIC}, outside: {{mode: shadow}}}}", [("domain.topics.outside.mode", "looser")]),
    ],
)
def test_bounds(loaded, old, new, expected):
    """Bounds by what they say, and by what is done about what is outside of them."""
    assert changes(loaded, f"name: p\ndomain: {{{old}}}", f"name: p\ndomain: {{{new}}}") == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("applies_to: {apps: [a, b]}", "applies_to: {apps: [a]}", [("applies_to.apps", "looser")]),
        ("applies_to: {apps: [a, b]}", "applies_to: {apps: [a, c]}", [("applies_to.apps", "mixed")]),
        ("applies_to: {models: [m]}", "applies_to: {models: [m, n]}", [("applies_to.models", "tighter")]),
        ("borders: {domain.topics: 0.1}", "borders: {domain.topics: 0.01}", [("borders.domain.topics", "looser")]),
    ],
)
def test_settings(loaded, old, new, expected):
    """Whom a policy is for, one glob less or more, and where a bound stops."""
    assert changes(loaded, f"{BASE}{old}", f"{BASE}{new}") == expected


def test_flows_without_an_id(loaded):
    """Are known by what they say, wherever they stand; the numbers that they go by in verdicts decide nothing."""
    one, other = "{from: user, to: output}", "{from: system, to: output}"
    assert changes(loaded, f"name: p\nflows: [{one}, {other}]", f"name: p\nflows: [{other}, {one}]") == []
    assert changes(loaded, f"name: p\nflows: [{one}, {other}]", f"name: p\nflows: [{other}]") == [("flows.flows.0", "looser")]


def test_every_key_is_compared(loaded):
    """Or is known to decide nothing: so that nothing is overlooked that is new."""
    nothing = {"name", "description", "owner", "review_by", "extends"}
    assert set(_SETTINGS) | {"mode", "domain", "rules", "flows"} | nothing == set(loaded(BASE).policy.model_dump())


def test_same_names(loaded):
    """What says the same in both is known by its name in verdicts."""
    new = BASE.replace("action: redact", "action: hash") + "domain: {input: {max_chars: 5}}\n"
    assert same_names(loaded(BASE).policy, loaded(BASE).policy) == {"a", "b", "f"}
    assert same_names(loaded(new).policy, loaded(new).policy) == {"a", "b", "f", "domain.input.max_chars"}
    assert same_names(loaded(BASE).policy, loaded(new).policy) == {"b", "f"}
    assert same_names(loaded(BASE).policy, loaded(f"{BASE}mode: shadow").policy) == frozenset()
