"""A whole exchange as a policy sees it: whose it is, what it asks for, and its texts in the order in which they were said."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from policies.decide import Outcome
from policies.policy import Rule
from policies.subject import NO_SIGNALS, Asked, Signals, Subject
from policies.vocabulary import Scope

Scan = Callable[[Rule, str], Outcome]
"""Runs a rule's detector, as the rule configures it, over a text."""

NOTHING_ASKED = Asked()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Text:
    """One text. ``is_answer``: the model's, not the request's. ``is_fixed``: it can be blocked, but not rewritten, as the key of an object.

    ``tool`` and ``path`` are as in ``flows.Spot``.
    """

    scope: Scope
    text: str = ""
    is_answer: bool = False
    tool: str = ""
    path: str = ""
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that no rule can read, by its kind (see ``policy.OnUninspectable``)."""

    kind: str
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """``unknown`` names what of all this nobody has noted, as conditions do: ``exchange.group``, ``exchange.temperature``, ``signals``."""

    subject: Subject
    asked: Asked = NOTHING_ASKED
    signals: Signals = NO_SIGNALS
    time: datetime = EPOCH
    texts: tuple[Text, ...] = ()
    unread: tuple[Unread, ...] = ()
    unknown: frozenset[str] = frozenset()
