"""What people say of exchanges, as events among the journal's records: what the app's side reports, and what a reviewer decides.

An event has a ``kind`` where a record has none. It holds no text.
"""

from collections.abc import Mapping
from typing import Any, Literal

REVIEW = "review"
FEEDBACK = "feedback"

ReviewLabel = Literal["inside", "outside", "skip"]
FeedbackLabel = Literal["false_positive", "false_negative", "good", "bad"]
Label = Literal["inside", "outside"]

_REVIEWED: Mapping[str, Label] = {"inside": "inside", "outside": "outside"}
_REPORTED: Mapping[str, Label] = {"false_positive": "inside", "false_negative": "outside"}


def is_event(line: Mapping[str, Any]) -> bool:
    return line.get("kind") in (REVIEW, FEEDBACK)


class Labels:
    """The last word on each exchange; a reviewer's counts more than an app's."""

    def __init__(self) -> None:
        self._reviewed: dict[tuple[str, str], Label] = {}
        self._reported: dict[str, tuple[str, Label]] = {}

    def note(self, event: Mapping[str, Any]) -> None:
        """Take an event; what has nothing to say of inside and outside is passed over."""
        request_id, label = str(event.get("request_id")), str(event.get("label"))
        if event.get("kind") == REVIEW and label in _REVIEWED:
            self._reviewed[request_id, str(event.get("rule"))] = _REVIEWED[label]
        elif event.get("kind") == FEEDBACK and label in _REPORTED:
            self._reported[request_id] = (str(event.get("app")), _REPORTED[label])

    def of(self, request_id: str, app: str, rule: str, *, is_stopped: bool) -> Label | None:
        """What an app says counts for its own exchanges alone, and only against what the rule has made of them."""
        if reviewed := self._reviewed.get((request_id, rule)):
            return reviewed
        by, label = self._reported.get(request_id, ("", None))
        return label if by == app and is_stopped == (label == "inside") else None
