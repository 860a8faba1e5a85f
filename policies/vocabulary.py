"""The words that every part of a policy uses: scopes, modes, and the forms of names, globs and scores."""

import re
from calendar import monthrange
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policies.verdict import Action


class Scope(StrEnum):
    """Which part of an exchange a text stands in; ``telemetry`` is what applications report of themselves, and no part of any."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULTS = "tool_results"
    TOOL_DEFINITIONS = "tool_definitions"
    REASONING = "reasoning"
    OUTPUT = "output"
    TELEMETRY = "telemetry"


ALL_TEXT = tuple(scope for scope in Scope if scope is not Scope.TELEMETRY)
"""Of exchanges. Telemetry is looked at by the rules that name it."""


class Mode(StrEnum):
    """``shadow`` decides and records, and changes nothing."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


_DAY = r"^(20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


def _day(text: str) -> str:
    parts = re.fullmatch(_DAY, text)
    if parts is None or int(parts[3]) > monthrange(int(parts[1]), int(parts[2]))[1]:
        raise ValueError("must be a day like 2027-03-01")
    return text


Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"pattern": _DAY})]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
EntityName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
Glob = Annotated[str, Field(min_length=1, max_length=256)]
Score = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=0.5)]
"""The share of ordinary texts that may be called a finding by mistake."""
FailAction = Literal[Action.ALLOW, Action.FLAG, Action.BLOCK]
RuleAction = Literal[Action.ALLOW, Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.TOKENIZE, Action.BLOCK]
Stream = Literal["sentence", "whole"]
"""How much of an answer is held back for what cannot judge a prefix."""


class Schema(BaseModel):
    """What every part of a policy has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
