"""A policy made ready to run; every guard's tests run one."""

from gateway.guard.plan import options_of
from policies.policy import PatternSpec
from tests.support.guards import rule


def test_options_of():
    """A rule's own patterns, entities and allow-list reach its detector."""
    spec = PatternSpec(name="EMP_ID", regex="E[0-9]{6}", score=0.7, validator="luhn", context=("badge",))
    asked = rule("own", "flag", entities=["EMP_ID"], patterns=[spec], allow_list=["E000000"])
    options = options_of(asked, "model", "cache")
    assert (options.entities, options.allow_list, options.ner_model, options.cache_dir) == (("EMP_ID",), ("E000000",), "model", "cache")
    (pattern,) = options.patterns
    assert (pattern.name, pattern.regex, pattern.score, pattern.validator, pattern.context) == (
        "EMP_ID",
        "E[0-9]{6}",
        0.7,
        "luhn",
        ("badge",),
    )
