"""Measures: what is done for a time while an incident goes on, and undone again. None of them loosens a policy.

``Do`` has the words of the settings (``actions.allow``), where some values may be a placeholder for what an incident is of. A *sheet* holds
all measures that are in force at one time, as one JSON document that is replaced whole::

    {
        "v": 1,
        "ts": 1795000000.0,
        "measures": [
            {
                "id": "slow-down:inc-0b1f…",
                "action": "slow-down",
                "do": {"rate_limit": {"app": "shop", "per_minute": 60}},
                "since": 1795000000.0,
                "expires": 1795000900.0,
            }
        ],
    }

Times are seconds since 1970. Each measure ends by itself, whoever is left to end it.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import ConfigDict, Field, model_validator

from policies.verdict import Action
from policies.vocabulary import Name, Rate, Schema, Score

VERSION = 1
MAX_MEASURES = 100
MAX_SHEET_BYTES = 256 << 10
MAX_TTL_S = 86_400.0
_MAX_ID = 200

Kind = Literal["switch_upstream", "switch_model", "rate_limit", "quarantine", "tighten", "force_redaction", "concurrency"]
Placeholder = Literal["app", "upstream", "model", "rule"]

_NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_MODEL = "[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,199}"
_FILLED = re.compile(r"^\{([a-z]+)\}$")
AppName = Annotated[str, Field(pattern=rf"^({_NAME}|\{{app\}})$")]
UpstreamName = Annotated[str, Field(pattern=rf"^({_NAME}|\{{upstream\}})$")]
RuleName = Annotated[str, Field(pattern=rf"^({_NAME}|\{{rule\}})$")]
ModelName = Annotated[str, Field(pattern=rf"^({_MODEL}|\{{model\}})$")]
KeyId = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Stricter = Literal[Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.TOKENIZE, Action.BLOCK]


class _Switch(Schema):
    model_config = ConfigDict(validate_by_alias=True, validate_by_name=False, serialize_by_alias=True)

    app: AppName | None = None
    """None: of all applications."""


class SwitchUpstream(_Switch):
    """What would go to one upstream goes to another that speaks its API."""

    source: Annotated[UpstreamName, Field(alias="from")]
    to: Name


class SwitchModel(_Switch):
    """A request for one model is taken for one for another, whose policy and route it gets."""

    source: Annotated[ModelName, Field(alias="from")]
    to: Annotated[str, Field(pattern=f"^{_MODEL}$")]


class _Whose(Schema):
    app: AppName | None = None
    key: KeyId | None = None
    """The first 16 digits of the key's SHA-256."""

    @model_validator(mode="after")
    def _one(self) -> "_Whose":
        if (self.app is None) == (self.key is None):
            raise ValueError("say whose exchanges are meant; allowed: app, or key")
        return self


class RateLimit(_Whose):
    """No more exchanges of the application, or with one key, than that are served; the others are refused with 429."""

    per_minute: Annotated[int, Field(ge=1, le=1_000_000)]


class Quarantine(_Whose):
    """All exchanges of the application, or with one key, are refused with 403."""


class Tighten(Schema):
    """A rule does more about what it finds, or finds more. Where that would be less than it does anyway, nothing changes."""

    rule: RuleName
    app: AppName | None = None
    action: Stricter | None = None
    min_score: Score | None = None
    """Lower than the rule's own."""
    max_fpr: Rate | None = None
    """Higher than the rule's own."""

    @model_validator(mode="after")
    def _something(self) -> "Tighten":
        if self.action is None and self.min_score is None and self.max_fpr is None:
            raise ValueError("say what becomes stricter; allowed: action, min_score, max_fpr")
        return self


class ForceRedaction(Schema):
    """Rules for personal data and secrets that let pass, or only flag, redact."""

    app: AppName | None = None


class Concurrency(Schema):
    """No more calls than that are under way at an upstream; the others are refused with 503, or go where the route says next."""

    upstream: UpstreamName
    limit: Annotated[int, Field(ge=1, le=100_000)]


Deed = SwitchUpstream | SwitchModel | RateLimit | Quarantine | Tighten | ForceRedaction | Concurrency


class Do(Schema):
    """One of them."""

    switch_upstream: SwitchUpstream | None = None
    switch_model: SwitchModel | None = None
    rate_limit: RateLimit | None = None
    quarantine: Quarantine | None = None
    tighten: Tighten | None = None
    force_redaction: ForceRedaction | None = None
    concurrency: Concurrency | None = None

    @model_validator(mode="after")
    def _one(self) -> "Do":
        if sum(1 for _ in self._said()) != 1:
            raise ValueError(f"one thing is done at a time; allowed: one of {', '.join(type(self).model_fields)}")
        return self

    def _said(self) -> Iterator[tuple[Any, Deed]]:
        for name in type(self).model_fields:
            deed = getattr(self, name)
            if deed is not None:
                yield name, deed

    @property
    def kind(self) -> Kind:
        kind: Kind = next(self._said())[0]
        return kind

    @property
    def deed(self) -> Deed:
        return next(self._said())[1]

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What it must be filled with before anything is done."""
        values = [value for _, value in self.deed if isinstance(value, str)]
        return tuple([found[1] for value in values if (found := _FILLED.match(value))])


@dataclass(frozen=True, slots=True)
class Measure:
    """``id`` is its own, ``action`` that of the entry of the settings by which it is allowed."""

    id: str
    action: str
    do: Do
    since: float
    expires: float


@dataclass(frozen=True, slots=True)
class Sheet:
    ts: float
    measures: tuple[Measure, ...] = ()
    left_out: int = 0
    """Of those that were read, how many this version does not understand."""


class SheetError(ValueError):
    """It is no sheet. It has no text of it."""


def render(sheet: Sheet) -> bytes:
    """Raises ValueError where there are more measures than any reader takes."""
    if len(sheet.measures) > MAX_MEASURES:
        raise ValueError(f"no more than {MAX_MEASURES} measures can be in force")
    measures = [
        {"id": each.id, "action": each.action, "do": said(each.do), "since": each.since, "expires": each.expires} for each in sheet.measures
    ]
    return orjson.dumps({"v": VERSION, "ts": sheet.ts, "measures": measures})


def said(do: Do) -> dict[str, Any]:
    """As it is written in the settings."""
    words: dict[str, Any] = do.model_dump(mode="json", by_alias=True, exclude_none=True)
    return words


def parse(content: bytes) -> Sheet:
    """Raises ``SheetError``. A measure that a later version knows, and this one does not, is left out."""
    if len(content) > MAX_SHEET_BYTES:
        raise SheetError("it is too large")
    try:
        told = orjson.loads(content)
        listed = told["measures"]
        if len(listed) > MAX_MEASURES:
            raise SheetError("it has too many measures")
        measures = _measures(listed)
        return Sheet(_time(told["ts"]), measures, len(listed) - len(measures))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SheetError(type(error).__name__) from None


def _measures(listed: Sequence[Any]) -> tuple[Measure, ...]:
    found = []
    for each in listed:
        try:
            do = Do.model_validate_json(orjson.dumps(each["do"]))
            measure = Measure(_text(each["id"]), _text(each["action"]), do, _time(each["since"]), _time(each["expires"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if not do.placeholders:
            found.append(measure)
    return tuple(found)


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID:
        raise TypeError("no name")
    return value


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise TypeError("no time")
    return float(value)
