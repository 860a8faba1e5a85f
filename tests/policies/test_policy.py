"""The schema's defaults, and that its values are frozen."""

import pytest
from pydantic import ValidationError

from policies.policy import AppliesTo, OnUninspectable, PatternSpec, Policy, Respond, Rule
from policies.verdict import Action
from policies.vocabulary import ALL_TEXT, Mode, Scope

RULE = Rule(id="a", detect="pii", action=Action.BLOCK)


def test_defaults_are_safe():
    """What a rule does not say: all text of exchanges, and nothing passes unchecked. Telemetry is for rules that name it."""
    assert RULE.scope == ALL_TEXT
    assert set(Scope) - set(ALL_TEXT) == {Scope.TELEMETRY}
    assert (RULE.entities, RULE.min_score, RULE.mode, RULE.stream) == (None, None, None, None)
    assert (RULE.on_error, RULE.on_timeout) == (Action.BLOCK, Action.BLOCK)
    assert RULE.restore
    assert Policy(name="p") == Policy(
        name="p", mode=Mode.ENFORCE, applies_to=AppliesTo(), rules=(), on_uninspectable=OnUninspectable(), respond=Respond()
    )
    assert OnUninspectable() == OnUninspectable(image=Action.FLAG, audio=Action.FLAG, file=Action.FLAG, unknown=Action.BLOCK)
    assert PatternSpec(name="EMP_ID", regex="x").score == 0.6


@pytest.mark.parametrize(
    ("policy", "rule", "shadow"),
    [
        (Mode.ENFORCE, None, False),
        (Mode.SHADOW, None, True),
        (Mode.ENFORCE, Mode.SHADOW, True),
        (Mode.SHADOW, Mode.ENFORCE, False),
    ],
)
def test_own_mode_wins(policy, rule, shadow):
    """A rule's own mode is stronger than its policy's."""
    assert Policy(name="p", mode=policy).is_shadow(RULE.model_copy(update={"mode": rule})) is shadow


def test_frozen():
    """A policy in force cannot change under an exchange."""
    with pytest.raises(ValidationError):
        RULE.id = "b"


@pytest.mark.parametrize(
    ("applies", "specific"),
    [
        (AppliesTo(), False),
        (AppliesTo(apps=("*", "**"), models=("?*",)), False),
        (AppliesTo(apps=("*", "bot")), True),
        (AppliesTo(surfaces=("ch*",)), True),
        (AppliesTo(models=()), False),
    ],
)
def test_is_specific(applies, specific):
    """A policy singles something out as soon as one glob has a letter."""
    assert applies.is_specific is specific
