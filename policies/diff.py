"""What one policy decides otherwise than another, by their words: rules, flows, bounds, and what is done about the unreadable.

Both are compared as they are after loading, with all that ``extends`` brought and every default. ``trends`` says which way a change goes.
The order of rules and flows decides nothing, and is no change; nor is what nobody decides by: descriptions, owners, dates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from policies.domain import Hours, Range
from policies.domain_parts import PATHS, Path, action_loc, action_of, bounds, name_of
from policies.policy import Flow, Policy, Rule
from policies.positions import Json, Loc
from policies.trends import Trend, of_action, of_border, of_bound, of_globs, of_key, of_mode, other
from policies.verdict import Action
from policies.vocabulary import Mode, Schema

_SETTINGS = {
    "applies_to": of_globs,
    "borders": of_border,
    "rollout": other,
    "on_uninspectable": of_action,
    "respond": other,
    "expect": other,
}
_FAILS = ("on_error", "on_timeout", "on_unavailable")
_Modes = tuple[Mode, Mode]
"""Of the two policies, for what has no mode of its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """``key`` names what differs: ``rules.pii.action``; ``loc`` is where it stands in the new policy, or the list that it stood in.

    ``old`` or ``new`` is None where there is no such thing, else as JSON has it.
    """

    key: str
    old: Json
    new: Json
    trend: Trend
    loc: Loc


def diff(old: Policy, new: Policy) -> list[Change]:
    """Empty: both decide alike."""
    modes = (old.mode, new.mode)
    unnamed = [flow for flow in old.flows if flow.id is None and flow in new.flows]
    flows = [{name: flow for name, flow in _flows(policy).items() if flow not in unnamed} for policy in (old, new)]
    return [
        *_settings(old, new),
        *_domain(old, new, modes),
        *_listed("rules", _rules(old), _rules(new), list(_rules(new)), modes),
        *_listed("flows", flows[0], flows[1], list(_flows(new)), modes),
    ]


def same_names(old: Policy, new: Policy) -> frozenset[str]:
    """Rules, flows and bounds, by the names they have in verdicts, that say the same in both."""
    if old.mode != new.mode:
        return frozenset()
    names = {name for name, rule in _rules(new).items() if _rules(old).get(name) == rule}
    names |= {name for name, flow in _flows(new).items() if _flows(old).get(name) == flow}
    before = dict(bounds(old.domain))
    for path, value in bounds(new.domain):
        if before.get(path) == value and not any(_actions(path, old, new)):
            names.add(name_of(path))
    return frozenset(names)


def _rules(policy: Policy) -> dict[str, Rule]:
    return {rule.id: rule for rule in policy.rules}


def _flows(policy: Policy) -> dict[str, Flow]:
    return {flow.id or f"flows.{index}": flow for index, flow in enumerate(policy.flows)}


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = plain(old), plain(new)
    if old.mode != new.mode:
        yield Change("mode", old.mode.value, new.mode.value, of_mode(old.mode, new.mode), ("mode",))
    for key, how in _SETTINGS.items():
        was, now = before[key], after[key]
        if isinstance(was, dict) and isinstance(now, dict):
            values = ((name, was.get(name), now.get(name)) for name in dict.fromkeys((*was, *now)))
            yield from (
                Change(f"{key}.{name}", then, since, how(then, since), (key, name)) for name, then, since in values if then != since
            )
        elif was != now:
            yield Change(key, was, now, how(was, now), (key,))


def _domain(old: Policy, new: Policy, modes: _Modes) -> Iterator[Change]:
    """A bound by what it says, then by what is done about what is outside of it."""
    before, after = dict(bounds(old.domain)), dict(bounds(new.domain))
    for path in PATHS:
        was, now = before.get(path), after.get(path)
        if was is not None and now is not None:
            yield from _bound(path, was, now, modes)
            loc = action_loc(old.domain, new.domain, path)
            for call, since in _actions(path, old, new):
                yield Change(f"{name_of(path)}: action", call.value, since.value, of_action(call.value, since.value), loc)
        elif was is not now:
            yield Change(name_of(path), _value(was), _value(now), of_bound(path, _value(was), _value(now)), ("domain", *path))
    for key in ("max_reasks", "stream"):
        limits = (getattr(old.domain.output, key), getattr(new.domain.output, key))
        if limits[0] != limits[1]:
            yield Change(f"domain.output.{key}", limits[0], limits[1], Trend.OTHER, ("domain", "output", key))


def _bound(path: Path, was: object, now: object, modes: _Modes) -> Iterator[Change]:
    """Key by key, where it has several."""
    key, loc = name_of(path), ("domain", *path)
    old, new = _value(was), _value(now)
    if path == ("tools", "arguments") and isinstance(old, dict) and isinstance(new, dict):
        for tool in dict.fromkeys((*old, *new)):
            if old.get(tool) != new.get(tool):
                trend = of_bound(path, old.get(tool), new.get(tool))
                yield Change(f"{key}.{tool}", old.get(tool), new.get(tool), trend, (*loc, tool))
    elif isinstance(was, Hours) and isinstance(now, Hours):
        trend = of_bound(path, old, new)
        yield from (replace(change, trend=trend) for change in _keys(key, loc, was, now, modes, but=("action",)))
    elif isinstance(was, Schema) and isinstance(now, Schema) and not isinstance(was, Range):
        yield from _keys(key, loc, was, now, modes, but=("action",))
    elif old != new:
        yield Change(key, old, new, of_bound(path, old, new), loc)


def _actions(path: Path, old: Policy, new: Policy) -> Iterator[tuple[Action, Action]]:
    """What is done otherwise about an exchange outside of the bound: about its request, about its answer."""
    calls = dict.fromkeys((action_of(old.domain, path, of_answer=of), action_of(new.domain, path, of_answer=of)) for of in (False, True))
    return ((was, now) for was, now in calls if was is not now)


def _value(value: object) -> Json:
    if isinstance(value, Schema):
        return plain(value)
    return list(value) if isinstance(value, tuple) else cast("Json", value)  # a bound's value is JSON


def _listed(key: str, old: Mapping[str, Schema], new: Mapping[str, Schema], names: Sequence[str], modes: _Modes) -> Iterator[Change]:
    """``names``: of all in the new policy, in their order."""
    index = {name: index for index, name in enumerate(names)}
    for name, item in old.items():
        if name not in new:
            yield Change(f"{key}.{name}", plain(item), None, Trend.LOOSER if _acts(item) else Trend.OTHER, (key,))
    for name, item in new.items():
        if name not in old:
            yield Change(f"{key}.{name}", None, plain(item), Trend.TIGHTER if _acts(item) else Trend.OTHER, (key, index[name]))
        elif old[name] != item:
            yield from _keys(f"{key}.{name}", (key, index[name]), old[name], item, modes)


def _acts(item: Schema) -> bool:
    """Whether it does anything but let pass."""
    return any(getattr(item, key, Action.ALLOW) is not Action.ALLOW for key in ("action", *_FAILS))


def _keys(key: str, loc: Loc, old: Schema, new: Schema, modes: _Modes, but: tuple[str, ...] = ()) -> Iterator[Change]:
    was, now = plain(old), plain(new)
    for name in now:
        within = getattr(old, name, None), getattr(new, name, None)
        if was[name] == now[name] or name in but:
            continue
        if isinstance(within[0], Schema) and isinstance(within[1], Schema):
            yield from _keys(f"{key}.{name}", (*loc, name), within[0], within[1], modes, but)
            continue
        trend = of_mode(within[0] or modes[0], within[1] or modes[1]) if name == "mode" else of_key(name, was[name], now[name])
        yield Change(f"{key}.{name}", was[name], now[name], trend, (*loc, name))


def plain(item: Schema) -> dict[str, Json]:
    """As JSON has it, defaults and all."""
    return item.model_dump(mode="json", by_alias=True)
