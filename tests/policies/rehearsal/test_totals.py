"""What many pairs of decisions come to."""

import pytest

from policies.rehearsal import totals
from policies.rehearsal.decider import UNREAD, WHOLE, Decided
from policies.rehearsal.totals import OTHER_APPS, OTHER_REASONS, Both, Pair, Totals
from policies.verdict import Action, Decision, Edit, Fired


def decided(action=Action.ALLOW, *rules, edits=(), shadow=(), unread=()):
    fired = [(0, Fired(rule, "pii.X", 0, 1, 1.0, action, False)) for rule in rules]
    fired += [(0, Fired(rule, "pii.X", 0, 1, 1.0, Action.BLOCK, True)) for rule in shadow]
    fired += [(WHOLE, Fired(kind, kind, 0, 0, 1.0, Action.BLOCK, False, UNREAD)) for kind in unread]
    return Decided(action, tuple(fired), tuple((0, Edit(at, at + 1, "pii.X", Action.REDACT, False)) for at in edits), (), True)


def total(*pairs, sample=2):
    found = Totals(sample)
    for index, (old, new) in enumerate(pairs):
        found.add(Pair(f"r{index}", "app", old, new, ()))
    return found


def test_changes():
    """Each kind of change with its number, its first examples, and the rules that make the difference."""
    blocked, flagged = decided(Action.BLOCK, "a"), decided(Action.FLAG, "b")
    found = total((blocked, flagged), (blocked, flagged), (blocked, flagged), (flagged, flagged), (flagged, blocked))
    assert {change: (each.count, each.ids) for change, each in found.changes.items()} == {
        ("block", "flag"): (3, ["r0", "r1"]),
        ("flag", "block"): (1, ["r4"]),
    }
    assert found.changes["block", "flag"].rules == {"a": 3, "b": 3}
    assert (found.lost_blocks, found.lost_block_ids) == (3, ["r0", "r1"])
    assert found.decisions[Decision.BLOCK] == Both(0, 1, 3, 1)
    assert found.rules == {"a": [0, 1, 3], "b": [1, 3, 1]}
    assert found.apps["app"][Decision.FLAG] == Both(1, 3, 1, 0)


def test_shadow_and_the_unreadable():
    """Rules in shadow are counted by themselves; what no rule can read is counted by its kind."""
    found = total((decided(shadow=["s"]), decided()), (decided(Action.BLOCK, unread=["on_uninspectable.image"]), decided()))
    assert (found.shadow, found.rules) == ({"s": [0, 0, 1]}, {"on_uninspectable.image": [0, 0, 1]})


@pytest.mark.parametrize(
    ("old", "new", "redactions", "otherwise"),
    [
        (decided(Action.REDACT, "a", edits=[1, 3]), decided(Action.REDACT, "a", edits=[1, 3]), [2, 2], 0),
        (decided(Action.REDACT, "a", edits=[1, 3]), decided(Action.REDACT, "a", edits=[1]), [2, 1], 1),
        (decided(Action.REDACT, "a", edits=[1]), decided(Action.BLOCK, "b", edits=[1]), [1, 0], 1),
    ],
)
def test_redactions(old, new, redactions, otherwise):
    """Counted by place and kind; what is blocked is not redacted."""
    found = total((old, new))
    assert (found.redactions, found.redacted_otherwise.count) == (redactions, otherwise)


def test_what_cannot_be_told_is_in_no_rate():
    """It is counted by its reasons, and nowhere else."""
    found = Totals(1)
    for number in range(3):
        found.add(Pair(f"r{number}", "app", decided(), decided(Action.BLOCK, "a"), ("draft: a",)))
    assert (found.told, found.untold, found.why_untold, found.untold_ids) == (0, 3, {"draft: a": 3}, ["r0"])
    assert found.decisions[Decision.BLOCK].total == 0


def test_bounds(monkeypatch):
    """Apps and reasons beyond a number are counted together."""
    monkeypatch.setattr(totals, "MAX_APPS", 2)
    monkeypatch.setattr(totals, "MAX_REASONS", 2)
    found = Totals(0)
    for name in ("a", "b", "c", "d", "a"):
        found.add(Pair("r", name, decided(), decided(), ()))
        found.add_untold("r", [name])
    assert {app: counts[Decision.ALLOW].total for app, counts in found.apps.items()} == {"a": 2, "b": 1, OTHER_APPS: 2}
    assert found.why_untold == {"a": 2, "b": 1, OTHER_REASONS: 2}
    assert found.untold_ids == []
