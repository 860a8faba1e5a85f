"""The bounds of a domain, one by one."""

import pytest

from policies.domain import Domain, InputBounds, OutputBounds, RequestBounds, Tools
from policies.domain_parts import PATHS, action_loc, action_of, bounds, name_of, without
from policies.domain_rules import all_rules

WHOLE = """\
name: p
domain:
  action: flag
  hours: {days: [mon], action: block}
  groups: [staff]
  input: {max_chars: 1, max_messages: 2, modalities: [text]}
  request: {models: [m], max_tokens: 3, temperature: {max: 1}, top_p: {max: 1}, n: {max: 1}, action: block}
  tools: {allow: [t], arguments: {t: {}}, action: reask}
  output: {max_chars: 4, regex: x, uncertainty: {max_entropy: 1, action: reask}}
"""


def test_every_bound_is_listed():
    """Whatever a domain can say of what is allowed stands in the list, so that nothing is overlooked that is new."""
    parts = {"input": InputBounds, "request": RequestBounds, "tools": Tools, "output": OutputBounds}
    about = {"action", "max_reasks", "stream"}
    fields = {(name,) for name in Domain.model_fields} - {("action",)} - {(name,) for name in parts}
    fields |= {(name, key) for name, part in parts.items() for key in part.model_fields if key not in about}
    assert set(PATHS) == fields


def test_bounds_and_policies_without_them(loaded):
    """Each that is set is listed, and a policy without it lacks it alone."""
    policy = loaded(WHOLE).policy
    listed = dict(bounds(policy.domain))
    assert len(listed) == 15
    for path in listed:
        assert dict(bounds(without(policy, path).domain)) == {other: value for other, value in listed.items() if other != path}
    assert list(bounds(Domain())) == []
    assert list(bounds(Domain(output=OutputBounds(json_schema={})))) == [(("output", "json_schema"), {})]  # any JSON is a form


@pytest.mark.parametrize(
    ("path", "of_answer", "action"),
    [
        (("hours",), False, "block"),
        (("groups",), False, "flag"),
        (("input", "max_chars"), False, "flag"),
        (("request", "n"), False, "block"),
        (("tools", "allow"), False, "flag"),
        (("tools", "allow"), True, "reask"),
        (("output", "max_chars"), True, "flag"),
        (("output", "uncertainty"), True, "reask"),
        (("tools", "arguments"), True, "reask"),
    ],
)
def test_actions(loaded, path, of_answer, action):
    """A part's own action, else the domain's; a request cannot be asked for again."""
    assert action_of(loaded(WHOLE).policy.domain, path, of_answer=of_answer) == action


def test_topics_have_their_own_action():
    """It stands in ``outside``."""
    domain = Domain.model_validate_json('{"topics": {"allow": [{"name": "a", "examples": ["x", "y"]}], "outside": {"action": "flag"}}}')
    assert (action_of(domain, ("topics",)), name_of(("topics",))) == ("flag", "domain.topics")


def test_languages_of_answers_are_never_asked_for_again(loaded):
    """A rule judges them, and blocks: what is done about a bound is said in one place, and so it is done."""
    policy = loaded("name: p\ndomain: {output: {languages: [en], max_chars: 5, action: reask}}").policy
    (rule,) = all_rules(policy)
    assert rule.action == action_of(policy.domain, ("output", "languages"), of_answer=True) == "block"
    assert action_of(policy.domain, ("output", "max_chars"), of_answer=True) == "reask"


@pytest.mark.parametrize(
    ("old", "new", "path", "loc"),
    [
        ("action: block", "action: flag", ("input", "max_chars"), ("domain", "action")),
        ("action: block", "input: {action: flag}", ("input", "max_chars"), ("domain", "input", "action")),
        ("input: {action: block}", "action: flag", ("input", "max_chars"), ("domain", "input", "action")),
        ("hours: {action: block}", "hours: {action: flag}", ("hours",), ("domain", "hours", "action")),
        ("action: block", "action: flag", ("languages",), ("domain", "action")),
        ("output: {}", "output: {}", ("output", "uncertainty"), ("domain", "action")),
    ],
)
def test_where_actions_stand(loaded, old, new, path, loc):
    """The part's own key, if either has one; else the domain's."""
    assert action_loc(loaded(f"name: p\ndomain: {{{old}}}").policy.domain, loaded(f"name: p\ndomain: {{{new}}}").policy.domain, path) == loc
