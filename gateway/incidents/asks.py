"""What people ask of the watch, which is another process: each ask says who asks, and when. As bytes, bounded and with a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Literal, TypeAlias, get_args

import orjson
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from gateway.incidents.rootcause import Change, What
from gateway.incidents.stages import MAX_REASON
from gateway.incidents.stages import Deploy as Settling
from gateway.incidents.stages import Silence as Muting
from gateway.incidents.symptom import MAX_DIMENSIONS, MAX_TEXT, Dimensions, dimensions, shown

MAX_BYTES = 16 << 10
_VERSION = 1
_OURS = frozenset({"ask", "at", "id"})
"""What nobody says who asks."""
_SAID = 200


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("allowed: one line of printable characters")
    return text


Id: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$")]
Named: TypeAlias = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_line)]
Reason: TypeAlias = Annotated[str, Field(max_length=MAX_REASON), AfterValidator(_line)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Acknowledge:
    incident: Id
    by: Named
    at: Seconds
    ask: Literal["acknowledge"] = "acknowledge"


@dataclass(frozen=True, slots=True)
class Resolve:
    incident: Id
    reason: Reason
    by: Named
    at: Seconds
    ask: Literal["resolve"] = "resolve"


@dataclass(frozen=True, slots=True)
class Silence:
    """``silence`` raises ValueError where it is none that may be."""

    id: Id
    dimensions: Annotated[dict[Named, Named], Field(min_length=1, max_length=MAX_DIMENSIONS)]
    reason: Reason
    by: Named
    at: Seconds
    ends: Seconds
    kind: Named | Literal[""] = ""
    ask: Literal["silence"] = "silence"

    @property
    def silence(self) -> Muting:
        return Muting(self.id, dimensions(self.dimensions), self.reason, self.by, self.at, self.ends, self.kind)


@dataclass(frozen=True, slots=True)
class Lift:
    silence: Id
    by: Named
    at: Seconds
    ask: Literal["lift"] = "lift"


@dataclass(frozen=True, slots=True)
class Deploy:
    """Something was changed, ``happened_at`` then: of the traffic with these dimensions, or of all."""

    id: Id
    what: What
    name: Named
    happened_at: Seconds
    by: Named
    at: Seconds
    version: Named | Literal[""] = ""
    dimensions: Annotated[dict[Named, Named], Field(max_length=MAX_DIMENSIONS)] = field(default_factory=dict)
    ask: Literal["deploy"] = "deploy"

    @property
    def settling(self) -> Settling:
        return Settling(self.id, self.happened_at, self._where)

    @property
    def change(self) -> Change:
        return Change(self.happened_at, self.what, self.name, self.version, self._where)

    @property
    def _where(self) -> Dimensions:
        return dimensions(self.dimensions)


@dataclass(frozen=True, slots=True)
class Approve:
    action: Id
    by: Named
    at: Seconds
    ask: Literal["approve"] = "approve"


@dataclass(frozen=True, slots=True)
class Reject:
    action: Id
    by: Named
    at: Seconds
    ask: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True)
class Revert:
    action: Id
    by: Named
    at: Seconds
    ask: Literal["revert"] = "revert"


Ask: TypeAlias = Acknowledge | Resolve | Silence | Lift | Deploy | Approve | Reject | Revert


def made(said: Mapping[str, object]) -> Ask:
    """Of what somebody says. Raises ValueError, which says what is not allowed where, and has nothing of it but names."""
    kind = next((each for each in get_args(Ask) if _name(each) == said.get("ask")), None)
    if kind is None:
        raise ValueError("ask: this is none")
    known = {each.name for each in fields(kind)}
    if more := [shown(str(name)) for name in said if name not in known]:
        raise ValueError(f"{more[0]}: unknown; allowed: {', '.join(sorted(known - _OURS))}")
    try:
        ask: Ask = _ADAPTERS[kind].validate_python(dict(said))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{(*first['loc'], 'ask')[0]}: {first['msg'][:_SAID]}") from None
    if isinstance(ask, Silence):
        _ = ask.silence
    return ask


def to_bytes(ask: Ask) -> bytes:
    return orjson.dumps({"v": _VERSION, "ask": ask})


def from_bytes(data: bytes) -> Ask:
    """Raises ValueError where that is no ask of this version."""
    if len(data) > MAX_BYTES:
        raise ValueError("too large for an ask")
    said = orjson.loads(data)
    if not isinstance(said, dict) or said.get("v") != _VERSION or not isinstance(said.get("ask"), dict):
        raise ValueError("no ask of this version")
    return made(said["ask"])


def _name(kind: type[Ask]) -> object:
    return next(each.default for each in fields(kind) if each.name == "ask")


_ADAPTERS: Mapping[type, TypeAdapter[Ask]] = {each: TypeAdapter(each) for each in get_args(Ask)}
