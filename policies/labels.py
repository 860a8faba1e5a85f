"""What people say of exchanges, as events among the journal's records: what the app's side reports, and what a reviewer decides.

An event has a ``kind`` where a record has none. It holds no text. So have the lines by which the journal keeps its own chain: they are
events that say nothing of any exchange.
"""

from collections.abc import Mapping
from typing import Any, Literal

REVIEW = "review"
FEEDBACK = "feedback"
_OF_THE_CHAIN = ("segment", "checkpoint", "pruned")

ReviewLabel = Literal["inside", "outside", "skip"]
FeedbackLabel = Literal["false_positive", "false_negative", "good", "bad"]
Label = Literal["inside", "outside"]
Quality = Literal["good", "bad"]
"""Of an answer."""

_REVIEWED: Mapping[str, Label] = {"inside": "inside", "outside": "outside"}
_REPORTED: Mapping[str, Label] = {"false_positive": "inside", "false_negative": "outside"}
_JUDGED: Mapping[str, Quality] = {"good": "good", "bad": "bad"}


def is_event(line: Mapping[str, Any]) -> bool:
    return line.get("kind") in (REVIEW, FEEDBACK, *_OF_THE_CHAIN)


def is_of_the_chain(line: Mapping[str, Any]) -> bool:
    return line.get("kind") in _OF_THE_CHAIN


class Labels:
    """The last word on each exchange; a reviewer's counts more than an app's."""

    def __init__(self) -> None:
        self._reviewed: dict[tuple[str, str, str], Label] = {}
        self._reported: dict[tuple[str, str], Label] = {}
        self._judged: dict[tuple[str, str], Quality] = {}

    def note(self, event: Mapping[str, Any]) -> None:
        """Take an event."""
        request_id, app, label = str(event.get("request_id")), str(event.get("app")), str(event.get("label"))
        if event.get("kind") == REVIEW and label in _REVIEWED:
            self._reviewed[request_id, app, str(event.get("rule"))] = _REVIEWED[label]
        elif event.get("kind") == FEEDBACK and label in _REPORTED:
            self._reported[request_id, app] = _REPORTED[label]
        elif event.get("kind") == FEEDBACK and label in _JUDGED:
            self._judged[request_id, app] = _JUDGED[label]

    def of(self, request_id: str, app: str, rule: str, *, is_stopped: bool) -> Label | None:
        """What an app says counts for its own exchanges alone, and only against what the rule has made of them."""
        if reviewed := self._reviewed.get((request_id, app, rule)):
            return reviewed
        label = self._reported.get((request_id, app))
        return label if is_stopped == (label == "inside") else None

    def quality(self, request_id: str, app: str) -> Quality | None:
        """What an app says of its own answer."""
        return self._judged.get((request_id, app))
