"""An incident as data: what its evidence teaches. Its exchanges with what people say of them, as events like those of the journal, and as
cases that hold a policy to it. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from policies.labels import FEEDBACK, REVIEW, FeedbackLabel, ReviewLabel
from policies.verdict import Decision

Record = Mapping[str, Any]

_REVIEWED = frozenset(get_args(ReviewLabel)) - {"skip"}
_OF_A_CASE = ("app", "model", "surface", "ts", "asked", "uninspectable")
_SHOWN_ONLY = frozenset({"texts", "sealed_texts", "has_sealed_texts", "labels"})
_TAKEN_OUT = re.compile(r"\s*<[A-Za-z0-9_.-]+>\s*")
"""What stands for a text that a rule is about as a whole."""
_IN_ERROR = re.compile(r"(response\.)?error(\.|$)")
"""A place in an event by which a stream says that it failed."""
_GOOD, _ERRORS = 200, 400
DECISIONS: Mapping[str, str] = {"false_positive": "allow", "false_negative": "block", "inside": "allow", "outside": "block"}
"""What a case expects where it is not said. Of an answer's quality (``good``, ``bad``) a policy's cases know nothing."""
LABELS: tuple[str, ...] = (*get_args(FeedbackLabel), *sorted(_REVIEWED))


def is_of_a_rule(label: str) -> bool:
    """Whether it is said of each bound that scored the exchange, as a reviewer says it."""
    return label in _REVIEWED


def events(record: Record, label: str, ts: float) -> list[dict[str, Any]]:
    """What the journal would have of it."""
    said = {"v": 1, "ts": round(ts, 6), "request_id": record["request_id"], "app": record.get("app") or "", "label": label}
    if not is_of_a_rule(label):
        return [{**said, "kind": FEEDBACK}]
    return [{**said, "kind": REVIEW, "rule": rule} for rule in sorted(record.get("scores") or {})]


def lines(records: Iterable[Record], label: str, ts: float) -> Iterator[dict[str, Any]]:
    """As a journal has them, for ``oddgate calibrate``: each record, without its texts, and what is said of it."""
    for record in records:
        yield {name: value for name, value in record.items() if name not in _SHOWN_ONLY}
        yield from events(record, label, ts)


def cases(incident: str, records: Iterable[Record], decision: str) -> Iterator[dict[str, Any]]:
    """One for each exchange whose texts are kept redacted, of what was asked and answered: what rules took out of them is not in them any
    more, and where that is all of a text, nothing can be told by it.
    """
    for record in records:
        texts = _texts(record.get("texts"), is_answered=_is_answered(record))
        if texts and not any(_TAKEN_OUT.fullmatch(each["text"]) for each in texts):
            exchange = {name: record[name] for name in _OF_A_CASE if record.get(name)} | {"texts": texts}
            yield {
                "name": f"{incident}, {record['request_id']}",
                "given": {"exchange": exchange},
                "expect": {"decision": decision},
            }


def _is_answered(record: Record) -> bool:
    """Whether what came back is an answer, if a blocked one: what an endpoint says of an error is nothing to hold a policy to."""
    status = record.get("status", _GOOD)
    return record.get("decision") == Decision.BLOCK or (isinstance(status, int) and status < _ERRORS)


def _texts(kept: object, *, is_answered: bool) -> list[dict[str, Any]]:
    if not isinstance(kept, Mapping):
        return []
    asked = [{"scope": each["scope"], "text": each["text"]} for each in kept.get("input", ())]
    answer = [each for each in kept.get("output", ()) if not _IN_ERROR.match(each.get("place") or "")] if is_answered else []
    return [*asked, *({"scope": each["scope"], "text": each["text"], "answer": True} for each in answer)]
