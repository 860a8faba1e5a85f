"""Lines of recorded exchanges: what they say, what they leave open, and what is no such line."""

import json
from contextlib import suppress
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rehearsal import recorded
from policies.rehearsal.recorded import LineError, entry
from policies.vocabulary import Scope

ROW = {"scope": "user", "inspected_by": ["pii"], "texts": 1, "chars": 20, "places": ["messages.0.content"]}
FOUND = {"rule": "pii", "kind": "pii.EMAIL_ADDRESS", "place": "messages.0.content", "scope": "user", "start": 1, "end": 9, "score": 1}
RECORD = {
    "request_id": "r", "ts": 5.0, "app": "a", "model": "m", "surface": "chat", "stream": True, "policy": "p@0", "decision": "redact",
    "findings": [FOUND], "findings_total": 1, "coverage": {"request": [ROW], "response": []}, "uninspectable": [{"kind": "image"}],
}  # fmt: skip


def test_documented_example():
    """The example in the module's description is a good line."""
    found = entry(json.loads(str(recorded.__doc__).split("\n\n")[2]))
    exchange = found.exchange
    assert (found.request_id, found.record, exchange.unknown) == ("r1", None, frozenset())
    assert [(text.scope, text.is_answer, text.tool, text.path) for text in exchange.texts] == [
        (Scope.USER, False, "", ""),
        (Scope.TOOL_ARGUMENTS, True, "send_mail", "to"),
    ]
    assert (exchange.asked.chars, exchange.asked.max_tokens, exchange.asked.tools) == (12, 500.0, ("send_mail",))
    told = {name: level for name, level in exchange.signals.drift.items() if level}
    assert (told, exchange.signals.drift["lengths"], exchange.subject.group) == ({"topics": 0.1}, 0.0, "staff")


def test_what_is_left_out_is_unknown():
    """Only the id and the texts are needed."""
    exchange = entry({"request_id": "r", "texts": [{"scope": "output", "text": "x"}]}).exchange
    assert exchange.texts[0].is_answer
    labels = {"app", "model", "surface", "user", "session", "group", "time"}
    asked = {"stream", "messages", "max_tokens", "temperature", "top_p", "n", "tools", "kinds"}
    assert exchange.unknown == {"signals", *(f"exchange.{name}" for name in labels | asked)}


def test_what_a_request_does_not_say_is_known():
    """Where it is noted what was asked, a parameter that is not there was not given."""
    exchange = entry({"request_id": "r", "asked": {"messages": 1, "tools": []}, "texts": []}).exchange
    assert not exchange.unknown & {"exchange.max_tokens", "exchange.messages", "exchange.tools"}
    assert "exchange.messages" in entry({"request_id": "r", "asked": {}, "texts": []}).exchange.unknown


@pytest.mark.parametrize(("name", "least"), [("max_tokens", 1), ("n", 1), ("temperature", 0), ("top_p", 0)])
def test_parameters_that_are_none(name, least):
    """What no API takes is within no bound, as in the gateway."""
    read = [getattr(entry({"request_id": "r", "texts": [], "asked": {name: value}}).exchange.asked, name) for value in (least, least - 1)]
    assert read[0] == least
    assert isnan(read[1])


def test_record_of_the_journal():
    """Each place with findings is a text, and so is the rest of each row."""
    found = entry(RECORD)
    assert found.record is not None
    assert (found.record.policy, found.record.is_cut) == ("p@0", False)
    assert [len(hits) for hits in found.record.hits] == [1, 0]
    assert found.record.inspected_by == (("pii",), ("pii",))
    assert (found.exchange.asked.chars, found.exchange.asked.stream, [part.kind for part in found.exchange.unread]) == (20, True, ["image"])
    assert "exchange.max_tokens" in found.exchange.unknown
    assert not found.exchange.unknown & {"exchange.model", "exchange.stream", "exchange.time"}


@pytest.mark.parametrize("kept", [{"texts": {"input": [{"scope": "user", "text": "hi"}], "output": []}}, {"sealed_texts": "AAAA"}])
def test_record_with_texts(kept):
    """What the record keeps of its texts changes nothing: it is decided again by what was found."""
    assert entry(RECORD | kept) == entry(RECORD)


@pytest.mark.parametrize(
    ("change", "is_cut"),
    [({}, False), ({"findings_total": 2}, True), ({"findings": [FOUND, FOUND | {"place": "elsewhere"}], "findings_total": 2}, True)],
)
def test_records_that_lack_something(change, is_cut):
    """What is not listed, or stands where nothing is said to be, is not known."""
    found = entry(RECORD | change)
    assert found.record is not None
    assert found.record.is_cut is is_cut


def test_bounds_stand_apart():
    """What broke a bound is no finding in a text; an answer's places are known from its coverage."""
    bound = FOUND | {"rule": "domain.request.max_tokens", "place": "domain"}
    answer = FOUND | {"place": "0", "scope": "reasoning"}
    coverage = {"request": [ROW], "response": [ROW | {"scope": "reasoning", "places": ["0"]}]}
    found = entry(RECORD | {"findings": [FOUND, bound, answer], "findings_total": 3, "coverage": coverage})
    assert found.record is not None
    assert ([hit.rule for hit in found.record.apart], found.record.is_cut) == (["domain.request.max_tokens"], False)
    assert [text.is_answer for text in found.exchange.texts] == [False, False, True, True]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ([], "the line is no object"),
        ({"texts": []}, "request_id is missing"),
        ({"request_id": "r"}, "neither texts nor a record of the journal"),
        ({"request_id": "r", "texts": {}}, "texts is no list"),
        ({"request_id": "r", "texts": [{"scope": "nowhere", "text": "x"}]}, "a text has no scope that there is, or no text"),
        ({"request_id": "r", "texts": [{"scope": ["user"], "text": "x"}]}, "a text has no scope that there is, or no text"),
        ({"request_id": "r", "texts": [{"scope": "user"}]}, "a text has no scope that there is, or no text"),
        ({"request_id": "r", "texts": [], "asked": {"max_tokens": "5"}}, "max_tokens is no number"),
        ({"request_id": "r", "texts": [], "ts": -1}, "ts is no time in seconds since 1970"),
        ({"request_id": "r", "texts": [], "uninspectable": [{"kind": "smell"}]}, "something uninspectable is of no kind that there is"),
        ({"request_id": "r", "texts": [{"scope": "user", "text": ""}] * 20_001}, "more than 20000 texts"),
        (RECORD | {"findings": [{"rule": "pii"}]}, "a finding lacks rule, kind, start, end or score"),
        (RECORD | {"coverage": {"request": [{"scope": "user"}]}}, "a row of the coverage lacks places, inspected_by or chars"),
    ],
)
def test_what_is_no_line(line, why):
    """It is refused, and why is said without a word of it."""
    with pytest.raises(LineError) as error:
        entry(line)
    assert str(error.value) == why


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(RECORD)), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted({*RECORD, "texts", "asked", "signals"})), _JSON))
def test_any_line(changes):
    """Whatever stands in a line, it is an exchange or refused."""
    for whole in (RECORD, {"request_id": "r", "texts": []}):
        with suppress(LineError):
            assert entry(whole | changes).request_id
