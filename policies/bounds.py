"""The bounds of a domain that a request can be held to before anything is sent: pure and total.

Each bound that is broken is a ``Fired`` of a rule named by its key. The bounds that look into texts (languages, topics) are rules like any
other (see ``domain_rules``); those of answers are held while an answer comes.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from math import inf
from zoneinfo import ZoneInfo

from policies.domain import Domain, Hours, Range
from policies.domain_parts import OF_REQUESTS, Path, action_of, bounds, name_of
from policies.globs import matches
from policies.policy import Policy
from policies.subject import GENERATING, Asked, Subject
from policies.verdict import Fired
from policies.vocabulary import Mode

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LIMITED = GENERATING | {"message_batches"}
"""Surfaces whose requests can say how long an answer may be."""
_KEEPING = frozenset({"assistants", "conversations"})
"""Surfaces that keep messages for later: a model is asked only where one is named."""


def broken(policy: Policy, subject: Subject, asked: Asked, time: datetime) -> list[Fired]:
    """What of the domain the request is outside of."""
    domain, shadow = policy.domain, policy.mode is Mode.SHADOW
    return [
        Fired(name_of(path), name_of(path), 0, 0, 1.0, action_of(domain, path), shadow)
        for path in dict.fromkeys(_broken(domain, subject, asked, time))
    ]


def bounds_requests(domain: Domain) -> bool:
    """Whether there is anything to look for."""
    return any(path in OF_REQUESTS for path, _ in bounds(domain))


def _broken(domain: Domain, subject: Subject, asked: Asked, time: datetime) -> Iterator[Path]:
    if domain.hours and not _is_open(domain.hours, time):
        yield ("hours",)
    if domain.groups is not None and not _matches(subject.group, domain.groups):
        yield ("groups",)
    models = domain.request.models
    if models is not None and not all(_matches(model, models) for model in asked.models):
        yield "request", "models"
    yield from _input(domain, asked)
    for part in asked.parts or (asked,):
        yield from _request(domain, subject, part)
    allowed = domain.tools.allow
    if allowed is not None and not set(asked.tools) <= set(allowed):
        yield "tools", "allow"


def _input(domain: Domain, asked: Asked) -> Iterator[Path]:
    bounds = domain.input
    if bounds.max_chars is not None and asked.chars > bounds.max_chars:
        yield "input", "max_chars"
    if bounds.max_messages is not None and asked.messages > bounds.max_messages:
        yield "input", "max_messages"
    if bounds.modalities is not None and not asked.kinds <= set(bounds.modalities):
        yield "input", "modalities"


def _request(domain: Domain, subject: Subject, asked: Asked) -> Iterator[Path]:
    bounds = domain.request
    names_model = subject.model or (asked.messages > 0 and subject.surface not in _KEEPING)
    if bounds.models is not None and names_model and not _matches(subject.model, bounds.models):
        yield "request", "models"
    unbounded = subject.surface in _LIMITED and asked.messages > 0
    if bounds.max_tokens is not None and (unbounded if asked.max_tokens is None else not asked.max_tokens <= bounds.max_tokens):
        yield "request", "max_tokens"
    for key, bound, value in (
        ("temperature", bounds.temperature, asked.temperature),
        ("top_p", bounds.top_p, asked.top_p),
        ("n", bounds.n, asked.n),
    ):
        if bound and value is not None and not _within(bound, value):
            yield "request", key


def _within(bound: Range, value: float) -> bool:
    """What is no number is not."""
    return (-inf if bound.min is None else bound.min) <= value <= (inf if bound.max is None else bound.max)


def _matches(value: str, globs: tuple[str, ...]) -> bool:
    return any(matches(value, glob) for glob in globs)


def _is_open(hours: Hours, time: datetime) -> bool:
    """Hours that end before they start go on after midnight, and belong to the day they start on. A time that the zone's calendar does
    not reach is in none.
    """
    try:
        local = time.astimezone(_zone(hours.timezone))
    except OverflowError:
        return False
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
