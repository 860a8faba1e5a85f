"""What a blocked exchange is told: that it is against the policy, or that it could not be checked, which may be otherwise in a moment."""

from gateway.errors import GatewayError, PolicyViolation, Unavailable
from gateway.guard.outcome import Findings
from gateway.guard.plan import Plan
from policies.verdict import Action

_UNCHECKED = frozenset({"timeout", "overload", "error", "unavailable"})
"""Why a check may not have run."""
_RETRY_AFTER_S = 1


def refusal(plan: Plan, findings: Findings) -> GatewayError:
    """For people and programs alike; it holds nothing of the text. Whatever was found is named, and a retry is not asked for then."""
    if is_unchecked(findings):
        error = Unavailable("guard_unavailable", "The gateway could not check all of this, so it was not let through. Try again.")
        error.headers = (("Retry-After", str(_RETRY_AFTER_S)),)
        return error
    return PolicyViolation(plan.policy.respond.message, findings.rules(blocking_only=True), findings.reasons())


def is_unchecked(findings: Findings) -> bool:
    """Whether all that blocks is that checks could not run."""
    whys = {why for _, _, action, is_shadow, why in findings.counts if action == Action.BLOCK and not is_shadow}
    whys |= {part.why for part in findings.unread if part.action is Action.BLOCK}
    return bool(whys) and whys <= _UNCHECKED
