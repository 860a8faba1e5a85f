"""An incident's exchanges as labels and as cases: they are read back by what they are for."""

import json
from pathlib import Path

import pytest
import yaml

from gateway.incidents.cases import DECISIONS, LABELS, cases, events, lines
from policies.heard import Heard
from policies.labels import Labels
from policies.rehearsal.cases import load_cases

RECORD = {
    "v": 1, "request_id": "req_1", "ts": 1_795_000_000.0, "app": "shop", "model": "m", "surface": "chat", "policy": "p@1",
    "decision": "flag",
    "findings": [{"rule": "domain.topics", "why": "match"}], "scores": {"domain.topics": {"score": 0.9, "by": "d"}},
    "asked": {"messages": 1, "max_tokens": 50},
    "texts": {"input": [{"place": "0", "scope": "user", "text": "say \\u0027no\\u0027: <EMAIL_ADDRESS>"}],
              "output": [{"place": "0", "scope": "output", "text": "no"}]},
    "labels": [],
}  # fmt: skip


def test_as_cases(tmp_path: Path):
    """A policy's tests read them, with every text in its place; there is none of an exchange without texts, or with nothing left."""
    gone = {"input": [{"place": "0", "scope": "user", "text": "<outside>"}], "output": []}
    others = [{**RECORD, "request_id": "req_2", "texts": None}, {"request_id": "req_3"}, {**RECORD, "texts": gone}]
    found = list(cases("inc-1", [RECORD, *others], "allow"))
    (tmp_path / "p.cases.yaml").write_text(yaml.safe_dump(found))
    ((_, case),) = load_cases(tmp_path / "p.cases.yaml")
    assert [(each.scope.value, each.answer) for each in case.given.whole] == [("user", False), ("output", True)]
    assert case.given.recorded is not None
    assert case.given.recorded.asked.max_tokens == 50
    assert (case.name, case.expect.decision) == ("inc-1, req_1", "allow")


@pytest.mark.parametrize(
    ("status", "decision", "place", "is_case"),
    [
        (200, "flag", "choices.0.message.content", True), (400, "block", "choices.0.message.content", True),
        (500, "flag", "error.message", False), (429, "allow", "detail", False), (200, "flag", "error.message", False),
        (400, "block", "error.message", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_input", [True, False])
def test_errors_are_no_text(status: int, decision: str, place: str, is_case: bool, has_input: bool):
    """What an endpoint says of an error is in no case; what was asked is."""
    asked = [{"place": "0", "scope": "user", "text": "hello"}] if has_input else []
    said = {"input": asked, "output": [{"place": place, "scope": "output", "text": "no"}]}
    record = {**RECORD, "status": status, "decision": decision, "texts": said}
    found = list(cases("inc-1", [record], "allow"))
    texts = [each["text"] for case in found for each in case["given"]["exchange"]["texts"]]
    assert texts == ["hello"] * has_input + ["no"] * is_case


@pytest.mark.parametrize("label", LABELS)
def test_labels_are_understood(label: str):
    """Each that may be said means something to who reads the journal; those of bounds, for each bound that scored."""
    labels = Labels()
    for event in events(RECORD, label, 1.0):
        labels.note(event)
    of_rule, _ = labels.of("req_1", "shop", "domain.topics", is_stopped=DECISIONS.get(label) == "allow", is_blocked=False)
    quality, _ = labels.quality("req_1", "shop", "domain.topics", is_blocked=False)
    assert of_rule or quality
    assert (of_rule in ("inside", "outside")) == (label in DECISIONS)


def test_as_a_journal():
    """What is calibrated by hears both the record and what was said of it, and no texts."""
    told = list(lines([RECORD], "inside", 5.0))
    assert "hush" not in json.dumps(told)
    assert {"texts", "labels"}.isdisjoint(told[0])
    heard = Heard("p", {"domain.topics": "d"})
    for line in told:
        heard.note(line)
    (sample,) = heard.samples("domain.topics")
    assert (heard.read, sample.score, sample.label) == (1, 0.9, "inside")
