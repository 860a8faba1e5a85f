"""The words that every part of a policy uses: scopes, modes, and the forms of names, globs and scores."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from policies.verdict import Action


class Scope(StrEnum):
    """Which part of an exchange a text stands in."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULTS = "tool_results"
    TOOL_DEFINITIONS = "tool_definitions"
    REASONING = "reasoning"
    OUTPUT = "output"


class Mode(StrEnum):
    """``shadow`` decides and records, and changes nothing."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


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
