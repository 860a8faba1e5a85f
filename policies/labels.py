"""What people say of exchanges, as events among the journal's records: what the app's side reports, and what a reviewer decides.

An event has a ``kind`` where a record has none. It holds no text. So have the lines by which the journal keeps its own chain, and those by
which it says what was done about incidents: they are events that say nothing of any exchange.
"""

from collections.abc import Mapping
from typing import Any, Literal

REVIEW = "review"
FEEDBACK = "feedback"
MEASURE = "measure"
_OF_NO_EXCHANGE = ("segment", "checkpoint", "pruned", MEASURE)

ReviewLabel = Literal["inside", "outside", "skip"]
FeedbackLabel = Literal["false_positive", "false_negative", "good", "bad"]
Label = Literal["inside", "outside"]
Quality = Literal["good", "bad"]
"""Of an answer."""

_REVIEWED: Mapping[str, Label] = {"inside": "inside", "outside": "outside"}
_REPORTED: Mapping[str, Label] = {"false_positive": "inside", "false_negative": "outside"}
_JUDGED: Mapping[str, Quality] = {"good": "good", "bad": "bad"}
_QUALITY: Mapping[Label, Quality] = {"inside": "good", "outside": "bad"}


def is_event(line: Mapping[str, Any]) -> bool:
    return line.get("kind") in (REVIEW, FEEDBACK, *_OF_NO_EXCHANGE)


def is_of_answer(event: Mapping[str, Any]) -> bool:
    """Whether it is an app's word on an answer as such, which stands beside one on what was found."""
    return event.get("kind") == FEEDBACK and event.get("label") in _JUDGED


def is_of_no_exchange(line: Mapping[str, Any]) -> bool:
    return line.get("kind") in _OF_NO_EXCHANGE


class Labels:
    """The last word on each exchange; a reviewer's counts more than an app's. What was blocked, an app has never seen an answer to: what it
    says of that is no evidence for letting more of it pass, and is set aside.
    """

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

    def of(self, request_id: str, app: str, rule: str, *, is_stopped: bool, is_blocked: bool) -> tuple[Label | None, bool]:
        """And whether one was set aside. What an app says counts for its own exchanges alone, and only against what the rule has made of
        them.
        """
        if reviewed := self._reviewed.get((request_id, app, rule)):
            return reviewed, False
        label = self._reported.get((request_id, app))
        if label is None or is_stopped != (label == "inside"):
            return None, False
        return (None, True) if is_stopped and is_blocked else (label, False)

    def quality(self, request_id: str, app: str, rule: str, *, is_blocked: bool) -> tuple[Quality | None, bool]:
        """And whether one was set aside. A reviewer's is one on the rule that bounds answers, an app's one on its own answer."""
        if reviewed := self._reviewed.get((request_id, app, rule)):
            return _QUALITY[reviewed], False
        label = self._judged.get((request_id, app))
        return (None, label is not None) if is_blocked else (label, False)
