"""What a policy's conditions and bounds are asked about: whose exchange it is, what it asks for, when, and what the watch tells."""

from collections.abc import Callable
from datetime import UTC, datetime

from gateway.guard.plan import Plan
from gateway.wire.asked import asked
from gateway.wire.model import Request
from policies.conditions import Circumstances
from policies.subject import Asked, Signals, Subject


def about(plan: Plan, subject: Subject, request: Request | None, signals: Callable[[Subject], Signals], now: float) -> Circumstances | None:
    """None where the policy has neither conditions nor bounds. ``now`` is in seconds since 1970; ``request`` None: one that is no text."""
    if not plan.asks_about_exchanges:
        return None
    return Circumstances(subject, asked(request) if request else Asked(), signals(subject), datetime.fromtimestamp(now, UTC))
