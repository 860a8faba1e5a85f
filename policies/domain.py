"""The operational design domain (ODD): where an application is meant to work, so that what it does there can be tested.

Each part that is left out bounds nothing. What is outside a bound is treated by the part's own ``action``, else by the domain's. In
records and verdicts a bound stands as a rule named by its key: ``domain.topics``, ``domain.request.max_tokens``.

Of the parts that judge a text (``languages``, ``topics``) ``policies.domain_rules`` makes rules like any other; the bounds of a request are
judged by ``policies.bounds``, those of an answer while it comes.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from policies.verdict import Action
from policies.vocabulary import FailAction, Glob, Mode, Name, Rate, Schema, Stream

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""ISO 639-1 or -3: ``en``."""
ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,128}$")]
Count = Annotated[int, Field(ge=0, le=100_000_000)]
Utterance = Annotated[str, Field(min_length=1, max_length=1000)]
Modality = Literal["text", "image", "audio", "file"]
JsonSchema = dict[str, Any]


class Topic(Schema):
    """What the application is for, by example: 5 to 20 utterances are enough."""

    name: Name
    examples: Annotated[tuple[Utterance, ...], Field(min_length=2, max_length=500)]


class Outside(Schema):
    """What to do about a user's text that is about none of the topics."""

    action: FailAction = Action.BLOCK
    max_fpr: Rate = 0.05
    mode: Mode | None = None
    on_error: FailAction = Action.BLOCK
    on_timeout: FailAction = Action.BLOCK
    on_unavailable: FailAction = Action.BLOCK
    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] = 2000


class Topics(Schema):
    allow: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=500)]
    outside: Outside = Outside()
    review: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """How near to the border, as a share of ordinary texts, an exchange is put into the review queue. 0: never."""


class Range(Schema):
    """Both ends belong to it."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is more than max")
        return self


class InputBounds(Schema):
    """Of what an application sends. Characters are counted over all texts of a request, system prompt and history included."""

    max_chars: Count | None = None
    max_messages: Count | None = None
    modalities: Annotated[tuple[Modality, ...], Field(min_length=1)] | None = None
    action: FailAction | None = None


class RequestBounds(Schema):
    """Of a request's parameters. ``max_tokens`` also bounds requests that ask for no bound: they must ask for one."""

    models: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None
    max_tokens: Count | None = None
    temperature: Range | None = None
    top_p: Range | None = None
    n: Range | None = None
    action: FailAction | None = None


class Tools(Schema):
    """Which tools may be offered to the model and called by it, and with which arguments (JSON Schema, 2020-12)."""

    allow: tuple[ToolName, ...] | None = None
    arguments: Annotated[dict[ToolName, JsonSchema], Field(max_length=500)] = Field(default_factory=dict)
    action: FailAction | Literal[Action.REASK] | None = None


class Resample(Schema):
    """Self-consistency: a share of the exchanges is asked again, and the answers compared."""

    share: Annotated[float, Field(gt=0, le=1)]
    samples: Annotated[int, Field(ge=1, le=8)] = 2


MAX_ENTROPY = 1.0
"""Nats; the limit of a bound with ``max_fpr`` that nobody has calibrated yet. The tokens of an answer are then as unsure, on average, as
one in e, and those of ordinary answers less by far."""


class Uncertainty(Schema):
    """How unsure of an answer the model may be; from its log probabilities, which the gateway asks for. Measured is what an answer says:
    refusals and calls of tools are not. An answer that says something and comes without log probabilities is ``on_unavailable``.
    """

    max_entropy: Annotated[float, Field(gt=0, le=20)] | None = None
    """Mean surprisal of the tokens, in nats."""
    max_fpr: Rate | None = None
    """The share of good answers that may be stopped. Unless ``max_entropy`` is said as well, ``oddgate calibrate`` finds the limit, by
    answers that people have called good."""
    tail: Annotated[float, Field(gt=0, le=1)] = 0.1
    """The share of the least certain tokens whose mean is held to ``max_tail_entropy``."""
    max_tail_entropy: Annotated[float, Field(gt=0, le=40)] | None = None
    resample: Resample | None = None
    action: FailAction | Literal[Action.REASK] = Action.FLAG
    on_unavailable: FailAction = Field(default_factory=lambda said: _failing(said.get("action", Action.BLOCK)))
    """Left out: as ``action``; to ask again would bring no log probabilities, so what asks again blocks."""

    @model_validator(mode="after")
    def _has_limit(self) -> Self:
        if self.max_entropy is None and self.max_fpr is None:
            raise ValueError("needs max_entropy or max_fpr")
        if self.max_fpr is not None and self.max_tail_entropy is not None:
            raise ValueError("max_tail_entropy goes with max_entropy: max_fpr is a promise about the mean alone")
        return self

    @property
    def limit(self) -> float:
        """Of the mean: as the policy says it, or as it is calibrated."""
        return MAX_ENTROPY if self.max_entropy is None else self.max_entropy


def _failing(action: FailAction | Literal[Action.REASK]) -> FailAction:
    return Action.BLOCK if action is Action.REASK else action


class OutputBounds(Schema):
    """Of an answer, each choice by itself."""

    max_chars: Count | None = None
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] | None = None
    json_schema: JsonSchema | None = None
    regex: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    grammar: Annotated[str, Field(min_length=1, max_length=40_000)] | None = None
    """In Lark's notation."""
    uncertainty: Uncertainty | None = None
    action: FailAction | Literal[Action.REASK] | None = None
    max_reasks: Annotated[int, Field(ge=1, le=5)] = 1
    """How often an answer is asked for again with what was wrong about it, before it is refused."""
    stream: Stream | None = None

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        given = [key for key in ("json_schema", "regex", "grammar") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"an answer has one form; {' and '.join(given)} are given")
        return self


class Hours(Schema):
    """When the application is in use."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    start: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"
    end: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")] = "24:00"
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"
    action: FailAction | None = None


class Domain(Schema):
    action: FailAction = Action.BLOCK
    """What is done about an exchange outside of a part that names no action of its own."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] | None = None
    """What users may write in."""
    topics: Topics | None = None
    input: InputBounds = InputBounds()
    request: RequestBounds = RequestBounds()
    tools: Tools = Tools()
    output: OutputBounds = OutputBounds()
    hours: Hours | None = None
    groups: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None
    """Which users: globs over the label ``x-oddgate-group``, as far as the settings trust it."""
