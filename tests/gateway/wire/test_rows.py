"""JSON lines through the guard of answers: row by row, in any pieces."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import UpstreamError
from gateway.guard.render import StreamRenderer
from gateway.guard.response import MAX_CHANNELS, Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Companion, Delta, Event, Form, Json, Kind, Usage
from gateway.wire.rows import MAX_ROW_BYTES, RowsAnswer
from policies.policy import Rule
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, cut, plan, policy, rule


def read(raw: bytes, row: dict[str, Json]) -> Event:
    """A reader of rows: every string at its key, ``arguments`` as JSON; ``spelled`` spells ``text``."""
    deltas = tuple(
        Delta((0, key), Scope.OUTPUT, value, (key,), Form.JSON if key == "arguments" else Form.TEXT)
        for key, value in row.items()
        if isinstance(value, str)
    )
    beside = (Companion(((0, "text"),), ("spelled",)),) if "spelled" in row else ()
    return Event(raw, row, deltas, {0: "stop"}, companions=beside, usage=Usage(1, 1), ends=((0, "text"),), names=("n",))


def stop(row: dict[str, Json]) -> Json:
    return {"id": row.get("id"), "withheld": True}


def lines(*rows: Json) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class Exchange:
    """Takes an answer's bytes as the handler does."""

    def __init__(self, *rules: Rule, tokens: Tokens | None = None) -> None:
        self.guard = ResponseGuard(plan(policy(*rules), (DIGITS,)), tokens or Tokens(KEY, "app"), str.encode)
        self.stream = RowsAnswer(read, stop)
        self.renderer = StreamRenderer(self.stream, self.guard)
        self.out = b""
        self.is_stopped = False

    def __call__(self, *pieces: bytes) -> bytes:
        for events in (*map(self.stream.feed, pieces), self.stream.flush()):
            for event in events:
                if self.is_stopped:
                    return self.out
                self._take(event)
        self.guard.close()
        release = self.guard.release()
        assert not isinstance(release, Refuse)
        self.out += self.renderer.render(release)
        return self.out

    def _take(self, event: Event) -> None:
        self.guard.feed(event)
        release = self.guard.release()
        if isinstance(release, Refuse):
            self.is_stopped = True
            self.out += self.stream.render_stop(self.guard.open_choices())
        else:
            self.out += self.renderer.render(release)


def rows(out: bytes) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_untouched_rows_go_on_as_they_came() -> None:
    """Byte for byte, also where the last one has no line end; empty lines say nothing and do not go on."""
    exchange = Exchange()
    assert exchange(b'{"text" :  "a"}\r\n\n \r\n{"text":"b", "n": 1.0}') == b'{"text" :  "a"}\r\n{"text":"b", "n": 1.0}'
    assert exchange.stream.is_complete(exchange.guard.open_choices())
    assert Exchange()(b"") == b""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=12))
def test_rows_are_guarded_however_they_are_cut(places: list[int]) -> None:
    """Each row is complete in itself: what a rule takes out of the whole answer it takes out of every cutting of it."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", 'An"na', restore=True)
    sent = [{"text": "no 1234", "id": "a"}, {"text": "12", "é": "34"}, {"text": f"for {mine}", "arguments": json.dumps({"to": mine})}]
    whole = lines(*sent).decode()
    out = rows(Exchange(rule("numbers", "redact"), tokens=tokens)(*(piece.encode() for piece in cut(whole, places))))
    assert out[:2] == [{"text": "no [NUMBER]", "id": "a"}, {"text": "12", "é": "34"}]
    assert out[2] == {"text": 'for An"na', "arguments": '{"to": "An\\"na"}'}


def test_any_number_of_rows() -> None:
    """Rows that have all different keys are guarded like any others, however many they are."""
    sent = [{f"key{number}": "1234", "also": f"{number}"} for number in range(MAX_CHANNELS + 10)]
    out = rows(Exchange(rule("numbers", "redact"))(lines(*sent)))
    assert out[-1] == {f"key{MAX_CHANNELS + 9}": "[NUMBER]", "also": "[NUMBER]"}
    assert len(out) == len(sent)


def test_what_spells_out_a_text_goes_if_it_changed() -> None:
    """Log probabilities stay beside a text that nothing touched, in every row, and go with one that was rewritten."""
    sent = [{"text": text, "spelled": {"tokens": [text[:2]]}} for text in ("1234", "fine", "5678", "well")]
    out = rows(Exchange(rule("numbers", "redact"))(lines(*sent)))
    assert out == [{"text": "[NUMBER]", "spelled": None}, sent[1], {"text": "[NUMBER]", "spelled": None}, sent[3]]


def test_a_verdict_in_the_middle() -> None:
    """The rows before a blocked one have gone; in its place is the API's own word for it, and nothing after that."""
    exchange = Exchange(rule("numbers", "block"))
    out = exchange(lines({"id": "a", "text": "fine"}, {"id": "b", "text": "1234"}, {"id": "c", "text": "more"}))
    assert rows(out) == [{"id": "a", "text": "fine"}, {"id": "b", "withheld": True}]


@pytest.mark.parametrize("row", [b"{\n", b"[1]\n", b'"a"\n', b'{"a":1,"a":2}\n', b'{"a":NaN}\n', b"\xff\n", b'{"a":1}{"b":2}\n'])
def test_rows_that_cannot_be_read(row: bytes) -> None:
    """What is not one JSON object is for the policy to judge; its default is to stop, in the name of no row."""
    (event,) = RowsAnswer(read, stop).feed(row)
    assert (event.raw, [part.kind for part in event.uninspectable]) == (row, [Kind.UNKNOWN])
    assert rows(Exchange()(lines({"id": "a"}), row)) == [{"id": "a"}, {"id": None, "withheld": True}]


def test_a_row_ends_nothing_but_itself() -> None:
    """A row's own end, counts and channels are not those of the answer; the names it is kept under are. No text goes on in the next row."""
    (event,) = RowsAnswer(read, stop).feed(b'{"text": "a"}\n')
    assert (event.finished, event.ends, event.usage, event.is_end, event.names) == ({}, (("rows",),), None, False, ("n",))
    assert RowsAnswer(read, stop).render_tail(event.deltas[0].channel, "a", None) == b""


def test_half_a_row_at_the_end() -> None:
    """An answer that ends within a row was cut off."""
    stream = RowsAnswer(read, stop)
    assert list(stream.feed(b'{"text": ')) == []
    with pytest.raises(UpstreamError) as raised:
        list(stream.flush())
    assert raised.value.code == "upstream_reset"


def test_rows_are_bounded() -> None:
    """A row that outgrows the bound is the upstream's fault, whether it ends or not."""
    for end in (b"", b"\n"):
        with pytest.raises(UpstreamError) as raised:
            list(RowsAnswer(read, stop).feed(b"x" * (MAX_ROW_BYTES + 1) + end))
        assert raised.value.code == "upstream_too_large"
