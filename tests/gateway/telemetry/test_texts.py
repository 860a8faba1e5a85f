"""What a record has of its exchange's texts."""

import os

import pytest

from gateway.guard.kept import Texts
from gateway.guard.outcome import Findings, Unread
from gateway.telemetry.record import Exchange, render
from gateway.telemetry.sealing import Sealer
from gateway.telemetry.texts import render_texts
from policies.verdict import Action
from policies.vocabulary import Scope


def texts(*said: str, is_raw: bool = False, **fields: object) -> Texts:
    made = Texts(is_raw, **fields)
    for number, text in enumerate(said):
        made.take(("messages", number, "content"), Scope.USER, text)
    return made


def test_none_are_kept():
    """Then there is nothing of them."""
    assert render_texts(Findings(), Findings(), "req_1", None) == {}
    assert {"texts", "sealed_texts"}.isdisjoint(render(Exchange("req_1", 1.0, 1.0)))


def test_redacted():
    """Each side has its texts with their places; what is missing is said."""
    request, response = Findings(texts=texts("hello", "<NAME>", left_out=2)), Findings(texts=texts("hi", is_cut=True))
    request.unread.append(Unread(("x",), "image", Action.FLAG))
    assert render_texts(request, response, "req_1", None) == {
        "texts": {
            "input": [
                {"place": "messages.0.content", "scope": "user", "text": "hello"},
                {"place": "messages.1.content", "scope": "user", "text": "<NAME>"},
            ],
            "output": [{"place": "messages.0.content", "scope": "user", "text": "hi"}],
            "left_out": 3,
            "cut": True,
        }
    }


def test_no_answer():
    """What was blocked has one side alone, and says no more than that."""
    said = render_texts(Findings(texts=texts("hello")), Findings(), "req_1", None)
    assert said == {"texts": {"input": [{"place": "messages.0.content", "scope": "user", "text": "hello"}], "output": []}}


def test_a_place_that_is_text():
    """A key that is more than a name is not repeated in the place."""
    request = Findings(texts=Texts())
    request.texts.take(("metadata", "my name is Eve"), Scope.USER, "hello")
    assert render_texts(request, Findings(), "req_1", None)["texts"]["input"][0]["place"] == "metadata.*"


@pytest.mark.parametrize("sides", [(True, False), (False, True), (True, True)])
def test_full_is_sealed(sides: tuple[bool, bool]):
    """What is not redacted stands nowhere but sealed, for its own exchange, and nowhere at all without a key."""
    exchange = Exchange("req_1", 1.0, 1.0)
    exchange.request, exchange.response = (Findings(texts=texts("hello Eve", is_raw=is_raw)) for is_raw in sides)
    assert {"texts", "sealed_texts"}.isdisjoint(render(exchange))
    sealer = Sealer(b"k" * 32, os.urandom)
    record = render(exchange, sealer.seal)
    assert "texts" not in record
    assert "Eve" not in str(record)
    assert sealer.open(record["sealed_texts"], "req_1")["input"][0]["text"] == "hello Eve"
