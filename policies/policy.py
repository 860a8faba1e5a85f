"""The policy a security team writes. These models *are* the YAML schema: frozen, and an unknown key is an error.

Types are strict (``"5"`` is no number, ``yes`` is no boolean). What needs the detectors to judge it (does this entity exist,
can this rule ever fire, can it be honoured in a stream) is checked by ``load``.
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from policies.verdict import Action
from policies.vocabulary import EntityName, FailAction, Glob, Mode, Name, Schema, Scope, Score


class PatternSpec(Schema):
    """A pattern of the team's own; ``name`` is the entity it finds."""

    name: EntityName
    regex: Annotated[str, Field(min_length=1, max_length=2000)]
    score: Score = 0.6
    validator: Name | None = None
    """A check on the matched digits, by name; a match that fails it is dropped."""
    context: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(max_length=100)] = ()
    """Words that raise the score when they stand nearby."""
    disguises: Annotated[tuple[Literal["spaced", "leet"], ...], Field(max_length=2)] = ()
    r"""How it may be written besides: ``spaced`` (``F a l c o n``), ``leet`` (``F4lc0n``). Leave out ``\b`` for ``spaced``."""


class Rule(Schema):
    """What to look for, where, and what to do about it."""

    id: Name
    detect: Name
    scope: tuple[Scope, ...] = tuple(Scope)
    entities: tuple[EntityName, ...] | None = None
    """None: what the detector finds unless asked otherwise, and every pattern of this rule."""
    patterns: Annotated[tuple[PatternSpec, ...], Field(max_length=100)] = ()
    allow_list: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...], Field(max_length=10_000)] = ()
    """Values that are never a finding, such as the company's own switchboard number."""
    min_score: Score | None = None
    """None: the detector's own threshold."""
    action: Action
    restore: bool = True
    """``tokenize`` only: the app's user sees the real value again."""
    mode: Mode | None = None
    """None: the policy's."""
    on_error: FailAction = Action.BLOCK
    on_timeout: FailAction = Action.BLOCK
    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] = 2000
    """How long a pooled detector may take for each 10,000 characters of a text, waiting included, and the others for a request."""
    stream: Literal["sentence", "whole"] | None = None
    """How much of an answer is held back for a detector that cannot judge a prefix."""


class AppliesTo(Schema):
    """Whose exchanges the policy is for; globs (``*``, ``?``, ``[ab]``), matched without regard to case."""

    apps: tuple[Glob, ...] = ("*",)
    models: tuple[Glob, ...] = ("*",)
    surfaces: tuple[Glob, ...] = ("*",)

    @cached_property
    def is_specific(self) -> bool:
        """Whether it singles anything out."""
        return any(glob.strip("*?") for glob in (*self.apps, *self.models, *self.surfaces))


class OnUninspectable(Schema):
    """What to do about content that no rule can read."""

    image: FailAction = Action.FLAG
    audio: FailAction = Action.FLAG
    file: FailAction = Action.FLAG
    tokens: FailAction = Action.BLOCK
    """Text as token numbers."""
    vector: FailAction = Action.ALLOW
    """An embedding in an answer."""
    encrypted: FailAction = Action.ALLOW
    """What a provider has sealed for itself, such as reasoning that goes back to it."""
    unknown: FailAction = Action.BLOCK
    """A part, field or event that the dialect does not know."""


class Respond(Schema):
    """What a blocked exchange is answered with: an error in the dialect's shape, or an assistant's refusal with status 200."""

    style: Literal["error", "refusal"] = "error"
    message: Annotated[str, Field(min_length=1, max_length=2000)] = "This request was stopped by the content policy."


class Policy(Schema):
    """One file."""

    name: Name
    description: Annotated[str, Field(max_length=4000)] = ""
    mode: Mode = Mode.ENFORCE
    applies_to: AppliesTo = AppliesTo()
    rules: Annotated[tuple[Rule, ...], Field(max_length=500)] = ()
    on_uninspectable: OnUninspectable = OnUninspectable()
    respond: Respond = Respond()

    def is_shadow(self, rule: Rule) -> bool:
        """Whether the rule only says what it would do: its own mode, else the policy's."""
        return (rule.mode or self.mode) is Mode.SHADOW
