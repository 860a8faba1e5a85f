"""From the findings of each rule to one verdict about one text: pure and total.

The strictest wins; shadow rules only say what they would do. Imports ``detectors.overlaps`` besides ``detectors.finding``:
it is the only place where spans are reconciled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detectors.finding import Finding
from detectors.overlaps import merge_overlaps
from policies.policy import Policy, Rule
from policies.verdict import ALLOWED, Action, Edit, Fired, Verdict


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A check that could not run. ``reason``: ``timeout``, ``overload``, ``error``, ``unavailable``, or why its condition has no answer."""

    detector: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule's detector said about one text."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...] = ()


_Match = tuple[Finding, Rule]

_ABSENT = frozenset({"overload", "stale", "unavailable"})

# Where rules disagree about one place, the style that keeps less of the value wins.
_STYLES = (Action.REDACT, Action.HASH, Action.MASK, Action.TOKENIZE)

# Mildest to strictest. That a rewriting style has a rank among its equals makes the verdict independent of the rules' order.
_RANKS = {action: rank for rank, action in enumerate((Action.ALLOW, Action.FLAG, *reversed(_STYLES), Action.REASK, Action.BLOCK))}


def selects(rule: Rule, finding: Finding) -> bool:
    """Whether the rule means this finding. Without ``min_score`` the detector's own threshold has already been applied.

    The score of a calibrated detector is one less the share of ordinary texts that score as high.
    """
    if rule.min_score is not None and finding.score < rule.min_score:
        return False
    if rule.max_fpr is not None and 1 - finding.score > rule.max_fpr:
        return False
    return rule.entities is None or finding.entity in rule.entities


def decide(policy: Policy, checks: Sequence[tuple[Rule, Outcome]], length: int) -> Verdict:
    """The verdict about a text of ``length`` characters, given what each rule's detector said about it.

    ``fired`` keeps the order of ``checks``; action and edits do not depend on it.
    """
    fired: list[Fired] = []
    rewrites: list[_Match] = []
    for rule, outcome in checks:
        if outcome.findings or outcome.not_checked:
            action, shadow = rule.action, policy.is_shadow(rule)
            rewriting = not shadow and action in _STYLES
            fired += [_unchecked(rule, check, length, shadow) for check in outcome.not_checked]
            for finding in outcome.findings:
                if selects(rule, finding):
                    fired.append(Fired(rule.id, finding.kind, finding.start, finding.end, finding.score, action, shadow))
                    if rewriting:
                        rewrites.append((finding, rule))
    if not fired:
        return ALLOWED
    strictest = max([f.action for f in fired if not f.shadow], key=_RANKS.__getitem__, default=Action.ALLOW)
    return Verdict(strictest, tuple(_edits(rewrites)), tuple(fired))


def _unchecked(rule: Rule, check: NotChecked, length: int, shadow: bool) -> Fired:
    action = rule.on_timeout if check.reason == "timeout" else rule.on_unavailable if check.reason in _ABSENT else rule.on_error
    return Fired(rule.id, check.detector, 0, length, 0.0, action, shadow, check.reason)


def _edits(matches: list[_Match]) -> Iterator[Edit]:
    """One edit for each place: matches that share a character become one, in the strictest style that any of them asks for."""
    ordered = sorted(matches, key=lambda match: match[0].start)
    at = 0
    for place in merge_overlaps(finding for finding, _ in matches):
        styles: list[Action] = []
        restore = True
        while at < len(ordered) and ordered[at][0].start < place.end:
            rule = ordered[at][1]
            styles.append(rule.action)
            restore = restore and rule.restore
            at += 1
        style = max(styles, key=_RANKS.__getitem__)
        yield Edit(place.start, place.end, place.kind, style, restore and style is Action.TOKENIZE)
