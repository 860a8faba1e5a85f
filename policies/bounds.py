"""The bounds of a domain that a request can be held to before anything is sent: pure and total.

Each bound that is broken is a ``Fired`` of a rule named by its key. The bounds that look into texts (languages, topics) are rules like any
other (see ``domain_rules``); those of answers are held while an answer comes.
"""

from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from zoneinfo import ZoneInfo

from policies.domain import Domain, Hours, Range
from policies.policy import Policy
from policies.subject import Asked, Subject
from policies.verdict import Action, Fired
from policies.vocabulary import Mode

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GENERATING = frozenset({"chat", "completions", "responses", "messages"})
"""Surfaces whose requests can say how long an answer may be."""
_Broken = tuple[str, Action | None]


def broken(policy: Policy, subject: Subject, asked: Asked, time: datetime) -> list[Fired]:
    """What of the domain the request is outside of."""
    domain, shadow = policy.domain, policy.mode is Mode.SHADOW
    return [
        Fired(f"domain.{key}", f"domain.{key}", 0, 0, 1.0, action or domain.action, shadow)
        for key, action in _broken(domain, subject, asked, time)
    ]


def bounds_requests(domain: Domain) -> bool:
    """Whether there is anything to look for."""
    tools, request, given = domain.tools, domain.request, domain.input
    bounds = (
        domain.hours, domain.groups, tools.allow, given.max_chars, given.max_messages, given.modalities,
        request.models, request.max_tokens, request.temperature, request.top_p, request.n,
    )  # fmt: skip
    return any(bound is not None for bound in bounds)


def _broken(domain: Domain, subject: Subject, asked: Asked, time: datetime) -> Iterator[_Broken]:
    if domain.hours and not _is_open(domain.hours, time):
        yield "hours", domain.hours.action
    if domain.groups is not None and not _matches(subject.group, domain.groups):
        yield "groups", None
    yield from _input(domain, asked)
    yield from _request(domain, subject, asked)
    allowed = domain.tools.allow
    if allowed is not None and not set(asked.tools) <= set(allowed):
        yield "tools.allow", None if domain.tools.action is Action.REASK else domain.tools.action


def _input(domain: Domain, asked: Asked) -> Iterator[_Broken]:
    bounds = domain.input
    if bounds.max_chars is not None and asked.chars > bounds.max_chars:
        yield "input.max_chars", bounds.action
    if bounds.max_messages is not None and asked.messages > bounds.max_messages:
        yield "input.max_messages", bounds.action
    if bounds.modalities is not None and not asked.kinds <= set(bounds.modalities):
        yield "input.modalities", bounds.action


def _request(domain: Domain, subject: Subject, asked: Asked) -> Iterator[_Broken]:
    bounds = domain.request
    names_model = subject.model or asked.messages > 0
    if bounds.models is not None and names_model and not _matches(subject.model, bounds.models):
        yield "request.models", bounds.action
    unbounded = subject.surface in _GENERATING and asked.messages > 0
    if bounds.max_tokens is not None and (unbounded if asked.max_tokens is None else asked.max_tokens > bounds.max_tokens):
        yield "request.max_tokens", bounds.action
    for key, bound, value in (
        ("temperature", bounds.temperature, asked.temperature),
        ("top_p", bounds.top_p, asked.top_p),
        ("n", bounds.n, asked.n),
    ):
        if bound and value is not None and not _within(bound, value):
            yield f"request.{key}", bounds.action


def _within(bound: Range, value: float) -> bool:
    return (bound.min is None or value >= bound.min) and (bound.max is None or value <= bound.max)


def _matches(value: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value.lower(), glob.lower()) for glob in globs)


def _is_open(hours: Hours, time: datetime) -> bool:
    """Hours that end before they start go on after midnight, and belong to the day they start on."""
    local = time.astimezone(_zone(hours.timezone))
    minute, day = local.hour * 60 + local.minute, local.weekday()
    start, end = _minute(hours.start), _minute(hours.end)
    if start < end:
        return _DAYS[day] in hours.days and start <= minute < end
    return (_DAYS[day] in hours.days and minute >= start) or (_DAYS[day - 1] in hours.days and minute < end)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
