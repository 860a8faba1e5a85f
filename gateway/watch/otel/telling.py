"""All that is told of a record: its spans and measures, and by the switches also its texts, and its events as log records of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from gateway.watch.otel.contents import contents
from gateway.watch.otel.guardrails import Draft
from gateway.watch.otel.measures import Measure, measures
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.providers import Endpoint
from gateway.watch.otel.shapes import bare
from gateway.watch.otel.spans import Event, Log, Span, spans
from gateway.watch.otel.switches import OFF, Switches
from gateway.watch.row import Record

_DETAILS = "gen_ai.client.inference.operation.details"
_OF_DETAILS = ("gen_ai.", "server.", "error.type")


class Told(NamedTuple):
    spans: Sequence[Span]
    logs: Sequence[Log]
    measures: Sequence[Measure]


@dataclass(frozen=True, slots=True)
class Teller:
    """``endpoints`` are the upstreams, by name; ``draft`` is that of guardrails' conventions."""

    endpoints: Mapping[str, Endpoint]
    models: ModelNames
    draft: Draft = "none"
    switches: Switches = OFF

    def tell(self, record: Record) -> Told:
        """Raises ValueError, KeyError, TypeError, AttributeError or OverflowError where it is no record as this version knows them."""
        made, logs = switched(record, spans(record, self.endpoints, self.models, self.draft), self.switches)
        return Told(made, logs, list(measures(record, self.endpoints, self.models)))


def switched(record: Record, spans: Sequence[Span], switches: Switches) -> tuple[Sequence[Span], Sequence[Log]]:
    """The record's spans. Texts go with the last call of a model, to which they were sent, or from which they came."""
    if switches == OFF:
        return spans, ()
    texts = contents(record) if switches.asks_for_content else {}
    last = next((span for span in reversed(spans) if _is_of_a_model(span)), None)
    told: list[Span] = []
    logs: list[Log] = []
    for span in spans:
        if switches.has_events:
            logs += [Log(span.trace_id, span.span_id, event) for event in span.events]
            if _is_of_a_model(span):
                said = texts if span is last and switches.has_content_in_events else {}
                logs.append(Log(span.trace_id, span.span_id, _details(span, said)))
        own = span.own
        if switches.has_content and span is last:
            own = {**own, **{name: orjson.dumps(messages).decode() for name, messages in texts.items()}}
        told.append(span._replace(own=own, events=() if switches.has_events else span.events))
    return told, logs


def _is_of_a_model(span: Span) -> bool:
    return span.kind == "client" and "gen_ai.operation.name" in span.shape.attributes


def _details(span: Span, texts: Mapping[str, Any]) -> Event:
    """What the conventions say of a call, by itself; texts have their structure there."""
    said = {name: value for name, value in span.attributes.items() if name.startswith(_OF_DETAILS)}
    return Event(bare(_DETAILS), span.end_ns, {**said, **texts})
