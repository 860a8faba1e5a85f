"""The bench of deciding: that it measures what it says."""

from bench import decision
from policies.vocabulary import Scope


def test_policies():
    """As many rules as are named, all of one scope, with conditions on as many as are named."""
    for every, conditions in ((0, 0), (1, 50), (10, 5)):
        checks = decision._plan(50, every).on_request.of(Scope.USER)
        assert len(checks) == 50
        assert sum(check.condition is not None for check in checks) == conditions


def test_as_many_fire_as_are_named():
    """What is measured as three rules firing is three rules firing."""
    plan = decision._plan(50, every=0)
    for firing in (0, 3, 5):
        verdict = decision._decided(plan, 50, firing)()
        assert len({fired.rule for fired in verdict.fired}) == firing
