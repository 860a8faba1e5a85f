"""What a decision says: what to do with one text, which rules said so, and what could not be checked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    """What a rule does with what it finds, from mildest to strictest; see ``severity``. ``reask`` is for answers out of bounds alone."""

    ALLOW = "allow"
    FLAG = "flag"
    REDACT = "redact"
    MASK = "mask"
    HASH = "hash"
    TOKENIZE = "tokenize"
    REASK = "reask"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 allow, 1 flag, 2 any rewriting, 3 block, or ask again: nothing of this goes out. The strictest of several wins."""
        return _SEVERITY[self]

    @property
    def is_rewrite(self) -> bool:
        return self.severity == 2


_SEVERITY = {
    Action.ALLOW: 0,
    Action.FLAG: 1,
    Action.REDACT: 2,
    Action.MASK: 2,
    Action.HASH: 2,
    Action.TOKENIZE: 2,
    Action.REASK: 3,
    Action.BLOCK: 3,
}


def strictest(one: Action, other: Action) -> Action:
    """The stricter of two; the first where they are alike."""
    return other if _SEVERITY[other] > _SEVERITY[one] else one


class Decision(StrEnum):
    """The outcome of a whole exchange, as ``x-oddgate-decision`` says it: every rewriting style is ``redact`` there."""

    ALLOW = "allow"
    FLAG = "flag"
    REDACT = "redact"
    BLOCK = "block"

    @classmethod
    def of(cls, action: Action) -> "Decision":
        return (cls.ALLOW, cls.FLAG, cls.REDACT, cls.BLOCK)[action.severity]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace ``text[start:end]``, which is a ``kind``, in the style of ``action``. ``restore``: the app's user gets the value back."""

    start: int
    end: int
    kind: str
    action: Action
    restore: bool


class Fired(NamedTuple):
    """A rule that fired on one text: on which finding, and what that called for.

    ``shadow`` rules only say what they would have done. ``why`` is ``match``, or the reason why the check could not run
    (``timeout``, ``error``, ``overload``, …), in which case ``kind`` is the detector's name and the offsets span the whole text.
    """

    rule: str
    kind: str
    start: int
    end: int
    score: float
    action: Action
    shadow: bool
    why: str = "match"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one text. ``action`` is the strictest of the enforced rules that fired; shadow rules never raise it."""

    action: Action
    edits: tuple[Edit, ...]
    fired: tuple[Fired, ...]


ALLOWED = Verdict(Action.ALLOW, (), ())
