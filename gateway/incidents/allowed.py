"""What may be done by itself when an incident opens: the section ``actions`` of the settings. Nothing else is ever done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.incidents.incident import Severity
from gateway.incidents.symptom import About
from policies.globs import matches
from policies.measures import MAX_MEASURES, MAX_TTL_S, Do, Kind, Measure, SwitchUpstream, said
from policies.policy import Policy
from policies.positions import Loc
from policies.vocabulary import Glob, Name, Schema

Objection = tuple[Loc, str]
_WILD = "*?["
_UPSTREAMS: Mapping[Kind, tuple[str, ...]] = {"switch_upstream": ("from", "to"), "concurrency": ("upstream",)}
"""Where each names one."""


class When(Schema):
    """Which incidents. One of which people are not told yet, as what is usual there is not known, is none of them."""

    about: Annotated[tuple[About, ...], Field(max_length=20)] = ()
    """What is wrong, one of these; none: whatever it is."""
    severity: Severity = "error"
    """At least."""
    apps: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)] = ("*",)
    cause: Literal["app", "model", "upstream", "route", "policy", "rule", "detector", "tool"] | None = None
    """What the likeliest hint must lie in; None: wherever."""


class Allowed(Schema):
    id: Name
    when: When = When()
    do: Do
    ttl_s: Annotated[float, Field(ge=10, le=MAX_TTL_S)] = 900
    """It ends then, whatever has become of the incident; and is not done again before."""
    approval: bool = False
    """Whether it waits for a person's word."""
    dry_run: bool = False
    """Whether it is only written down."""


class ActionSettings(Schema):
    dry_run: bool = False
    """Of all of them."""
    max_active: Annotated[int, Field(ge=1, le=MAX_MEASURES)] = 10
    allow: Annotated[tuple[Allowed, ...], Field(max_length=200)] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``has_key``: of its own, so that no client's key goes there."""

    dialect: str
    has_key: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the settings know by name, and the policies that are in force: nothing else is ever aimed at."""

    apps: frozenset[str] = frozenset()
    upstreams: Mapping[str, Endpoint] = field(default_factory=dict)
    models: frozenset[str] = frozenset()
    policies: tuple[Policy, ...] = ()

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(rule.id for policy in self.policies for rule in policy.rules)

    def has(self, placeholder: str, value: str) -> bool:
        names = {"app": self.apps, "upstream": self.upstreams.keys(), "model": self.models, "rule": self.rules}
        return value in names[placeholder]


def permits(settings: ActionSettings, measure: Measure) -> float | None:
    """How long the measure may last, by the entry that it says it is allowed by; None: there is no such entry, or it says otherwise."""
    entry = next((each for each in settings.allow if each.id == measure.action), None)
    if entry is None or settings.dry_run or entry.dry_run or entry.do.kind != measure.do.kind:
        return None
    asked, done = said(entry.do)[entry.do.kind], said(measure.do)[measure.do.kind]
    open_ = {f"{{{name}}}" for name in entry.do.placeholders}
    is_same = asked.keys() == done.keys() and all(value in open_ or value == done[key] for key, value in asked.items())
    return entry.ttl_s if is_same else None


def objections(settings: ActionSettings, known: Known) -> Iterator[Objection]:
    """``known`` without policies, which the settings do not hold."""
    ids = [entry.id for entry in settings.allow]
    for index, entry in enumerate(settings.allow):
        at: Loc = ("allow", index)
        if entry.id in ids[:index]:
            yield (*at, "id"), f"the same id is given to allow[{ids.index(entry.id)}]; each needs its own"
        for place, glob in enumerate(entry.when.apps):
            if not any(char in glob for char in _WILD) and glob not in known.apps:
                yield (*at, "when", "apps", place), _no_app(glob, known)
        for key, message in _strange(entry.do.kind, said(entry.do)[entry.do.kind], known):
            yield (*at, "do", entry.do.kind, key), message
        if isinstance(switch := entry.do.switch_upstream, SwitchUpstream):
            for message in _unfit(switch, known):
                yield (*at, "do", "switch_upstream", "to"), message


def _strange(kind: Kind, words: Mapping[str, Any], known: Known) -> Iterator[tuple[str, str]]:
    """Names that there are not, and placeholders that nothing will ever fill."""
    app = words.get("app")
    if app is not None and not known.apps:
        yield "app", "no applications are configured, so none is known by its name; name them in apps, or say whose key"
    elif app is not None and app != "{app}" and app not in known.apps:
        yield "app", _no_app(app, known)
    for key in _UPSTREAMS.get(kind, ()):
        if words[key] != "{upstream}" and words[key] not in known.upstreams:
            yield key, f"there is no upstream {words[key]}; allowed: {_listed(known.upstreams)}"


def _unfit(switch: SwitchUpstream, known: Known) -> Iterator[str]:
    to, source = known.upstreams.get(switch.to), known.upstreams.get(switch.source)
    if to is None:
        return
    if switch.source == switch.to:
        yield "this is where it goes anyway; allowed: another upstream"
    if source and "any" not in (source.dialect, to.dialect) and source.dialect != to.dialect:
        yield f"{switch.to} speaks {to.dialect}, and {switch.source} {source.dialect}; allowed: one that speaks the same"
    if not to.has_key and not known.apps:
        yield f"{switch.to} would be sent the keys that clients have for another endpoint; give it an api_key"


def fits(switch: SwitchUpstream, known: Known) -> bool:
    """Whether one may stand for the other, as far as the settings say."""
    return not any(True for _ in _unfit(switch, known))


def concerns(when: When, abouts: Sequence[str], app: str) -> bool:
    return (not when.about or any(about in when.about for about in abouts)) and any(matches(app, glob) for glob in when.apps)


def _no_app(name: str, known: Known) -> str:
    return f"there is no app {name}; allowed: {_listed(known.apps)}"


def _listed(names: frozenset[str] | Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "none is configured"
