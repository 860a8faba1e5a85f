"""The policy a security team writes. These models *are* the YAML schema: frozen, and an unknown key is an error.

Types are strict (``"5"`` is no number, ``yes`` is no boolean). What needs the detectors to judge it (does this entity exist,
can this rule ever fire, can it be honoured in a stream) is checked by ``load``. ``extends`` and ``without`` are honoured by ``extend``
before a file is read as a policy: what is here is the whole of it.
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from policies.domain import Domain
from policies.verdict import Action
from policies.vocabulary import ALL_TEXT, Day, EntityName, FailAction, Glob, Mode, Name, Rate, RuleAction, Schema, Scope, Score, Stream


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
    scope: tuple[Scope, ...] = ALL_TEXT
    """Left out: all text of an exchange, which what applications report of themselves (``telemetry``) is no part of."""
    entities: tuple[EntityName, ...] | None = None
    """None: what the detector finds unless asked otherwise, and every pattern of this rule."""
    patterns: Annotated[tuple[PatternSpec, ...], Field(max_length=100)] = ()
    allow_list: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...], Field(max_length=10_000)] = ()
    """Values that are never a finding, such as the company's own switchboard number."""
    min_score: Score | None = None
    """None: the detector's own threshold."""
    max_fpr: Rate | None = None
    """Instead of ``min_score``, for detectors that are calibrated: how many ordinary texts may be called a finding."""
    when: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """A condition in CEL over ``exchange``, ``findings`` and ``signals``; the rule is asked where it holds."""
    action: RuleAction
    restore: bool = True
    """``tokenize`` only: the app's user sees the real value again."""
    mode: Mode | None = None
    """None: the policy's."""
    on_error: FailAction = Action.BLOCK
    """What to do about a text that could not be judged because the detector, or the rule's condition, failed."""
    on_timeout: FailAction = Action.BLOCK
    """… because it took longer than the deadline."""
    on_unavailable: FailAction = Action.BLOCK
    """… because the detector was not there, or had more to do than it can."""
    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] = 2000
    """How long a pooled detector may take for each 10,000 characters of a text, waiting included, and the others for a request."""
    stream: Stream | None = None


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


class Flow(Schema):
    """What came from one place may not go to another: values are compared, not wording.

    A place is a scope, or a tool of one: ``user``, ``tool_results.read_inbox``, ``tool_arguments.send_mail``,
    ``tool_arguments.send_mail.to``; a tool and an argument may be globs.

    Where a request goes on from what the endpoint keeps (``previous_response_id``, a conversation, a stored answer), the sources are not
    seen: each value at ``to`` that could be followed completes the flow, unless it stands in one of the ``unless`` places.
    """

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=False)

    id: Name | None = None
    source: Annotated[Glob, Field(alias="from")]
    to: Glob
    unless: Annotated[tuple[Glob, ...], Field(max_length=20)] = ()
    """Places where a value may stand as well, and is then no longer secret: ``user``."""
    min_chars: Annotated[int, Field(ge=3, le=1000)] = 6
    """Shorter values are not followed."""
    action: FailAction = Action.BLOCK
    mode: Mode | None = None


class Rollout(Schema):
    """A new version beside the old one: ``percent`` of the exchanges that ``of`` would decide are decided by this policy.

    Whose turn it is depends on a keyed hash of what ``by`` names, so that a session stays on one side. Block rates are compared by a
    confidence sequence that may be looked at after every exchange.
    """

    of: Name
    percent: Annotated[float, Field(ge=0, le=100)]
    by: Literal["session", "user", "app", "request"] = "session"
    max_difference: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Of the block rates: how much more or less it may block than the old version."""
    error_rate: Annotated[float, Field(gt=0, le=0.2)] = 0.01
    """How often, at most, an equal version may be rolled back for a difference that is not there."""
    on_difference: Literal["rollback", "hold"] = "rollback"
    on_equal: Literal["promote", "hold"] = "hold"


class Expectations(Schema):
    """What ``policy replay`` holds this policy to, against the one that decided before."""

    max_block_rate: Score | None = None
    max_block_rate_increase: Score | None = None
    max_flag_rate_increase: Score | None = None
    max_redact_rate_increase: Score | None = None
    max_lost_blocks: Annotated[int, Field(ge=0)] | None = None
    """How many exchanges that were blocked may pass."""
    max_untold: Score = 0.05
    """Of how large a share of the exchanges it may not be known what changes. They count in no other rate."""


class Policy(Schema):
    """One file."""

    name: Name
    description: Annotated[str, Field(max_length=4000)] = ""
    owner: Annotated[str, Field(max_length=200)] = ""
    review_by: Day | None = None
    """The day on which somebody looks at it again; ``policy check`` says when it is past."""
    extends: tuple[Name, ...] = ()
    """The policies it was merged from, first to last; see ``extend``."""
    mode: Mode = Mode.ENFORCE
    applies_to: AppliesTo = AppliesTo()
    rollout: Rollout | None = None
    domain: Domain = Domain()
    rules: Annotated[tuple[Rule, ...], Field(max_length=5000)] = ()
    flows: Annotated[tuple[Flow, ...], Field(max_length=100)] = ()
    on_uninspectable: OnUninspectable = OnUninspectable()
    respond: Respond = Respond()
    expect: Expectations = Expectations()
    borders: dict[Literal["domain.languages", "domain.topics"], Rate] = Field(default_factory=dict)
    """Where a bound that is calibrated stops, as a chance, so that its promised rate is held. Left out: what ``oddgate calibrate`` has
    written beside the policy, else the promised rate itself."""

    def is_shadow(self, rule: Rule) -> bool:
        """Whether the rule only says what it would do: its own mode, else the policy's."""
        return (rule.mode or self.mode) is Mode.SHADOW
