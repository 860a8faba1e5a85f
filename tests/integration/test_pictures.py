"""Pictures through the real gateway, from the official SDKs: with the engine they are read and guarded, without it they are flagged."""

import base64
import json
from collections.abc import Callable, Iterator

import anthropic
import openai
import pytest

from tests.support.drawing import needs_ocr, picture_of
from tests.support.gateway import Gateway, running_gateway

pytestmark = [pytest.mark.slow, needs_ocr]
EMAIL = "anna.lindqvist@example.com"
BROKEN = "iVBORw0KGgo="
Ask = Callable[[Gateway, str], None]


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("reading"), {}, detectors={"ocr": {"deadline_ms": 60_000}}) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("blind"), {}, detectors={"ocr": {"enabled": False}}) as gateway:
        yield gateway


def chat(gateway: Gateway, picture: str) -> None:
    url = {"url": f"data:image/png;base64,{picture}"}
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": url}]
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0, timeout=90) as client:
        assert client.chat.completions.create(model="demo", messages=[{"role": "user", "content": parts}]).choices


def responses(gateway: Gateway, picture: str) -> None:
    parts = [
        {"type": "input_text", "text": "What?"},
        {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{picture}"},
    ]
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0, timeout=90) as client:
        assert client.responses.create(model="demo", input=[{"role": "user", "content": parts}]).output


def messages(gateway: Gateway, picture: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": picture}
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]
    with anthropic.Anthropic(base_url=gateway.url, api_key="any", max_retries=0, timeout=90) as client:
        assert client.messages.create(model="demo", max_tokens=50, messages=[{"role": "user", "content": parts}]).content


PLACES = {chat: "messages.0.content.1", responses: "input.0.content.1", messages: "messages.0.content.1"}
ASKS = pytest.mark.parametrize("ask", PLACES)


def record(gateway: Gateway) -> dict:
    return list(gateway.records().values())[-1]


@ASKS
def test_a_value_in_a_picture_stops_the_request(reading: Gateway, ask: Ask):
    """It cannot be replaced where it stands, so it does not go out; the caller hears why, and neither error nor journal repeat it."""
    with pytest.raises((openai.BadRequestError, anthropic.BadRequestError)) as raised:
        ask(reading, picture_of(f"Please write to\n{EMAIL}"))
    found = record(reading)
    assert (found["decision"], found["upstream"], found["uninspectable"]) == ("block", None, [])
    assert {(each["kind"], each["place"], each["why"]) for each in found["findings"]} == {
        ("pii.EMAIL_ADDRESS", PLACES[ask], "match"),
        ("pii.EMAIL_ADDRESS", PLACES[ask], "picture"),
    }
    assert "pii.EMAIL_ADDRESS in user stands in a picture, where it cannot be rewritten" in raised.value.response.text
    assert EMAIL not in raised.value.response.text
    assert "lindqvist" not in reading.journal_text() + reading.output


@ASKS
def test_a_clean_picture_passes(reading: Gateway, ask: Ask):
    """It was read, so its place is among those that rules have inspected, and not among the uninspectable ones."""
    ask(reading, picture_of("Closed on Monday"))
    found = record(reading)
    assert (found["decision"], found["findings"], found["uninspectable"]) == ("allow", [], [])
    (place,) = [row for row in found["coverage"]["request"] if PLACES[ask] in row["places"]]
    assert place["inspected_by"]


@ASKS
def test_a_broken_picture_is_flagged(reading: Gateway, ask: Ask):
    """The policy decides about what cannot be read, and the record says why that was."""
    ask(reading, BROKEN)
    found = record(reading)
    assert found["decision"] == "flag"
    assert found["uninspectable"] == [{"place": PLACES[ask], "kind": "image", "action": "flag", "why": "unreadable"}]


def test_a_picture_of_a_form(reading: Gateway):
    """A form's pictures are read too: its file is sent as it came, or not at all."""
    with openai.OpenAI(base_url=f"{reading.url}/v1", api_key="any", max_retries=0, timeout=90) as client:
        fine, bad = (("a.png", base64.b64decode(picture_of(text)), "image/png") for text in ("Closed on Monday", EMAIL))
        assert client.images.edit(model="demo", image=fine, prompt="Make it blue").data
        found = record(reading)
        assert [part["place"] for part in found["uninspectable"]] == []
        with pytest.raises(openai.BadRequestError) as raised:
            client.images.edit(model="demo", image=bad, prompt="Make it blue")
    assert "stands in a picture" in raised.value.response.text
    assert (record(reading)["decision"], record(reading)["upstream"]) == ("block", None)


def test_a_picture_of_a_batch(reading: Gateway):
    """So are those of a batch's rows."""
    url = {"url": f"data:image/png;base64,{picture_of(f'Write to {EMAIL}')}"}
    body = {"model": "demo", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}]}
    row = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": body}
    client = openai.OpenAI(base_url=f"{reading.url}/v1", api_key="any", max_retries=0, timeout=90)
    with client, pytest.raises(openai.BadRequestError) as raised:
        client.files.create(file=("rows.jsonl", json.dumps(row).encode()), purpose="batch")
    assert "row 1: pii: pii.EMAIL_ADDRESS in user stands in a picture" in raised.value.response.text


@ASKS
def test_without_the_engine(blind: Gateway, ask: Ask):
    """Every picture is uninspectable, whatever it holds."""
    ask(blind, picture_of(EMAIL))
    found = record(blind)
    assert (found["decision"], found["findings"]) == ("flag", [])
    assert found["uninspectable"] == [{"place": PLACES[ask], "kind": "image", "action": "flag"}]
