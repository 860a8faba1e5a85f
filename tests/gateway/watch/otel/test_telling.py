"""All that is told of a record, by the switches."""

import json

import pytest

from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.switches import OFF, Switches
from gateway.watch.otel.telling import Teller, Told
from tests.gateway.watch.records import traced

TEXTS = {
    "input": [{"place": "messages.0.content", "scope": "user", "text": "I am <PERSON>."}],
    "output": [{"place": "choices.0.content", "scope": "output", "text": "Hello."}],
}
MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "I am <PERSON>."}]}]


def told(switches: Switches, **fields) -> Told:
    return Teller({}, ModelNames(), switches=switches).tell(traced(7, **{"texts": TEXTS} | fields))


def test_by_itself():
    """Without a switch no text is told, though it was kept; events are on their spans."""
    said = told(OFF)
    assert (len(said.spans), said.logs, len(said.measures)) == (5, (), 6)
    assert "PERSON>" not in repr(said)
    assert said.spans[1].events


def test_texts_on_spans():
    """On the last call of a model alone, written as JSON; nowhere else."""
    said = told(Switches(has_content=True))
    names = {"gen_ai.input.messages", "gen_ai.output.messages"}
    assert [names <= span.attributes.keys() for span in said.spans] == [False] * 4 + [True]
    assert json.loads(said.spans[-1].attributes["gen_ai.input.messages"]) == MESSAGES
    assert said.logs == []
    assert repr(said).count("<PERSON>") == 1


def test_texts_in_events():
    """Each call has its details in an event of its own; the last one has the texts, with their structure, and its span has none."""
    said = told(Switches(has_events=True, has_content_in_events=True))
    details = [log for log in said.logs if log.event.name == "gen_ai.client.inference.operation.details"]
    assert [log.span_id for log in details] == [span.span_id for span in said.spans[3:]]
    assert ["gen_ai.input.messages" in log.event.attributes for log in details] == [False, True]
    assert details[1].event.attributes["gen_ai.input.messages"] == MESSAGES
    assert details[1].event.at_ns == said.spans[4].end_ns
    assert not any(name.startswith(("oddgate.", "http.")) for name in details[1].event.attributes)
    assert "PERSON>" not in repr(said.spans)


def test_events_without_texts():
    """Scores are log records of their guard's span, which has none then."""
    said = told(Switches(has_events=True))
    assert [log.event.name for log in said.logs[:2]] == ["gen_ai.evaluation.result"] * 2
    assert [log.span_id for log in said.logs[:2]] == [span.span_id for span in said.spans[1:3]]
    assert {span.events for span in said.spans} == {()}
    assert "PERSON>" not in repr(said)


@pytest.mark.parametrize("fields", [{"texts": {}, "sealed_texts": "c2VjcmV0"}, {"surface": "files"}, {"attempts": []}, {"trace": None}])
def test_where_there_are_no_texts_to_tell(fields: dict):
    """Sealed ones stay so, and texts that no model was sent are told of no span."""
    said = repr(told(Switches(True, True, True), **fields))
    assert not [word for word in ("PERSON>", "c2VjcmV0") if word in said]
