"""What one policy decides otherwise than another, by their words: rules, flows, bounds, and what is done about the unreadable.

Both are compared as they are after loading, with all that ``extends`` brought and every default. A change is ``tighter`` where what it
makes a difference to is treated more strictly, ``looser`` where less, and ``other`` where the words alone do not tell. The order of rules
decides nothing, and is no change; nor is what nobody decides by: descriptions, owners, dates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from policies.domain_parts import PATHS, action_of, bounds, name_of
from policies.policy import Flow, Policy, Rule
from policies.positions import Json
from policies.rehearsal.trends import Trend, of_action, of_bound, of_key, of_mode, other
from policies.verdict import Action
from policies.vocabulary import Schema

_SETTINGS = {"applies_to": other, "borders": other, "rollout": other, "on_uninspectable": of_action, "respond": other, "expect": other}
_FAILS = ("on_error", "on_timeout", "on_unavailable")


@dataclass(frozen=True, slots=True)
class Change:
    """``key`` names what differs: ``rules.pii.action``. ``old`` or ``new`` is None where there is no such thing, else as JSON has it."""

    key: str
    old: Json
    new: Json
    trend: Trend


def diff(old: Policy, new: Policy) -> list[Change]:
    """Empty: both decide alike."""
    return [
        *_settings(old, new),
        *_domain(old, new),
        *_listed("rules", _rules(old), _rules(new), old, new),
        *_listed("flows", _flows(old), _flows(new), old, new),
    ]


def same_names(old: Policy, new: Policy) -> frozenset[str]:
    """Rules, flows and bounds, by the names they have in verdicts, that say the same in both."""
    if old.mode != new.mode:
        return frozenset()
    names = {name for name, rule in _rules(new).items() if _rules(old).get(name) == rule}
    names |= {name for name, flow in _flows(new).items() if _flows(old).get(name) == flow}
    before = dict(bounds(old.domain))
    for path, value in bounds(new.domain):
        if before.get(path) == value and action_of(old.domain, path) == action_of(new.domain, path):
            names.add(name_of(path))
    return frozenset(names)


def _rules(policy: Policy) -> dict[str, Rule]:
    return {rule.id: rule for rule in policy.rules}


def _flows(policy: Policy) -> dict[str, Flow]:
    return {flow.id or f"flows.{index}": flow for index, flow in enumerate(policy.flows)}


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = plain(old), plain(new)
    if old.mode != new.mode:
        yield Change("mode", old.mode.value, new.mode.value, of_mode(old.mode, new.mode))
    for key, how in _SETTINGS.items():
        was, now = before[key], after[key]
        if isinstance(was, dict) and isinstance(now, dict):
            values = ((name, was.get(name), now.get(name)) for name in dict.fromkeys((*was, *now)))
            yield from (Change(f"{key}.{name}", then, since, how(then, since)) for name, then, since in values if then != since)
        elif was != now:
            yield Change(key, was, now, how(was, now))


def _domain(old: Policy, new: Policy) -> Iterator[Change]:
    """A bound by what it says, then by what is done about what is outside of it."""
    before, after = dict(bounds(old.domain)), dict(bounds(new.domain))
    for path in PATHS:
        name, was, now = name_of(path), _value(before.get(path)), _value(after.get(path))
        if was != now:
            yield Change(name, was, now, of_bound(path, was, now))
        elif was is not None and (calls := (action_of(old.domain, path), action_of(new.domain, path))) and calls[0] != calls[1]:
            yield Change(f"{name}: action", calls[0].value, calls[1].value, of_action(calls[0].value, calls[1].value))
    for key in ("max_reasks", "stream"):
        limits = (getattr(old.domain.output, key), getattr(new.domain.output, key))
        if limits[0] != limits[1]:
            yield Change(f"domain.output.{key}", limits[0], limits[1], Trend.OTHER)


def _value(value: object) -> Json:
    if isinstance(value, Schema):
        return plain(value)
    return list(value) if isinstance(value, tuple) else cast("Json", value)  # a bound's value is JSON


def _listed(key: str, old: Mapping[str, Schema], new: Mapping[str, Schema], before: Policy, after: Policy) -> Iterator[Change]:
    for name, item in old.items():
        if name not in new:
            yield Change(f"{key}.{name}", plain(item), None, Trend.LOOSER if _acts(item) else Trend.OTHER)
    for name, item in new.items():
        if name not in old:
            yield Change(f"{key}.{name}", None, plain(item), Trend.TIGHTER if _acts(item) else Trend.OTHER)
        elif old[name] != item:
            yield from _keys(f"{key}.{name}", old[name], item, before, after)


def _acts(item: Schema) -> bool:
    """Whether it does anything but let pass."""
    return any(getattr(item, key, Action.ALLOW) is not Action.ALLOW for key in ("action", *_FAILS))


def _keys(key: str, old: Schema, new: Schema, before: Policy, after: Policy) -> Iterator[Change]:
    was, now = plain(old), plain(new)
    for name in now:
        if was[name] == now[name]:
            continue
        if name == "mode":
            trend = of_mode(getattr(old, name) or before.mode, getattr(new, name) or after.mode)
        else:
            trend = of_key(name, was[name], now[name])
        yield Change(f"{key}.{name}", was[name], now[name], trend)


def plain(item: Schema) -> dict[str, Json]:
    """As JSON has it, defaults and all."""
    return item.model_dump(mode="json", by_alias=True)
