"""What the real gateway's records say that exchanges are like, and that they say no word of what was said."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.driving import dump
from gateway.watch.observe import observe, outcome
from tests.support.canaries import Telling
from tests.support.faulty_upstream import event, sse
from tests.support.gateway import Gateway, running_gateway
from tests.support.raw_client import ask, post

POLICY = (
    "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [system, user, output], action: tokenize}\n"
    "  - {id: stop, detect: pii, entities: [US_SSN], scope: [user], action: block}\n"
)
WORD = "zorblaxian"
SYSTEM = f"You help the {WORD} customers of Maria Lopez. Answer briefly and be kind."
ASKED = f"I am a {WORD} woman and lost my card on the train, write to quux@example.org what to do."
SAID = f"I'm sorry to hear that. Open the {WORD} app and choose the card that you want to block."
REFUSAL = f"I'm sorry, but I can't help with {WORD} questions."
MESSAGES = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED}]
CALL = {"id": "c", "type": "function", "function": {"name": "block_card", "arguments": json.dumps({"who": WORD})}}


def completion(**message: Any) -> bytes:
    return dump(
        {"id": "c", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    )


def streamed(text: str) -> bytes:
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    return b"".join([event({"content": piece}) for piece in pieces]) + event({}, "stop") + sse("[DONE]")


@pytest.fixture
async def endpoint() -> AsyncIterator[Telling]:
    async with Telling().running() as running:
        yield running


@contextmanager
def gateway(folder: Path, endpoint: Telling, **watch: Any) -> Iterator[Gateway]:
    with running_gateway(folder, {"*": endpoint.url}, policies={"plain": POLICY}, watch={"dir": str(folder / "var"), **watch}) as running:
        yield running


async def recorded(running: Gateway, request: Any, path: str = "/v1/chat/completions", **headers: str) -> dict[str, Any]:
    """The record of one exchange."""
    before = set(running.records())
    await ask(running.port, post(dump(request), path, **headers))
    (new,) = running.records().keys() - before
    return running.records()[new]


async def test_records_say_what_exchanges_are_like(tmp_path: Path, endpoint: Telling):
    """Whole, streamed, refused, blocked or with a call; on each surface the same is like the same, and no word of it is there."""
    with gateway(tmp_path, endpoint) as running:
        endpoint.says(completion(role="assistant", content=SAID))
        whole = await recorded(running, {"model": "m", "messages": MESSAGES})
        endpoint.says(streamed(SAID), "text/event-stream")
        stream = await recorded(running, {"model": "m", "messages": MESSAGES, "stream": True})
        endpoint.says(completion(role="assistant", content=REFUSAL))
        refused = await recorded(running, {"model": "m", "messages": [*MESSAGES, {"role": "user", "content": "Please."}]})
        endpoint.says(completion(role="assistant", content=None, tool_calls=[CALL]))
        called = await recorded(running, {"model": "m", "messages": MESSAGES})
        endpoint.says(
            dump({"type": "message", "role": "assistant", "content": [{"type": "text", "text": SAID}], "stop_reason": "end_turn"})
        )
        claude = await recorded(running, {"model": "m", "max_tokens": 9, "system": SYSTEM, "messages": MESSAGES[1:]}, "/v1/messages")
        endpoint.says(b"{}", status=500)
        failed = await recorded(running, {"model": "m", "messages": MESSAGES})
        blocked = await recorded(running, {"model": "m", "messages": [{"role": "user", "content": f"{ASKED} My number is 078-05-1120."}]})
        embedded = await recorded(running, {"model": "m", "input": ASKED}, "/v1/embeddings")
        listed = await recorded(running, {"input": ASKED}, "/v1/moderations")
        text = running.journal_text()
    like = whole["observed"]
    assert like["input"].items() >= {"chars": len(ASKED), "script": "latin", "language": "en"}.items()
    assert like["output"].items() >= {"script": "latin", "language": "en", "refusal": False}.items()
    assert re.fullmatch("[0-9a-f]{16}", like["template"])
    assert stream["observed"] == claude["observed"] == like
    assert refused["observed"]["output"]["refusal"] is True
    assert refused["observed"]["template"] == like["template"]
    assert called["observed"] == {name: like[name] for name in ("input", "template")} | {"tools": ["block_card"]}
    assert failed["observed"] == {name: like[name] for name in ("input", "template")}
    assert set(blocked["observed"]) == set(embedded["observed"]) == {"input"}
    assert "observed" not in listed
    assert not [word for word in (WORD, "Maria", "Lopez", "train", "quux") if word in text]
    seen = [observe(record) for record in (whole, refused, called, blocked)]
    assert [each.categorical["output.refused"] for each in seen if each] == ["no", "yes", None, None]
    assert [each.categorical["output.tool"] for each in seen if each] == ["none", "none", "block_card", None]


async def test_mentions_only_if_switched_on(tmp_path: Path, endpoint: Telling):
    """Of whom a text speaks is recorded where the settings ask for it; the application's label, where they trust it, in any case."""
    endpoint.says(completion(role="assistant", content=SAID))
    request, label = {"model": "m", "messages": MESSAGES}, {"x-oddgate-group": "east"}
    groups = []
    for cues in (False, True):
        folder = tmp_path / str(cues)
        folder.mkdir()
        with running_gateway(
            folder,
            {"*": endpoint.url},
            policies={"plain": POLICY},
            watch={"dir": str(folder / "var"), "bias": {"cues": cues}},
            labels={"trust": ["user", "session", "group"]},
        ) as running:
            found = outcome(await recorded(running, request, **label))
        assert found
        groups.append(dict(found.groups))
    assert groups == [{"group": "east"}, {"group": "east", "mentions.gender": "female"}]


async def test_nothing_if_switched_off(tmp_path: Path, endpoint: Telling):
    """The record has nothing of it then; what it says for other reasons still makes an observation."""
    endpoint.says(completion(role="assistant", content=SAID))
    with gateway(tmp_path, endpoint, observe=False) as running:
        said = await recorded(running, {"model": "m", "messages": MESSAGES})
    assert "observed" not in said
    seen = observe(said)
    assert seen
    assert (seen.categorical["detector.mail"], seen.sketches["input.topics"]) == ("found", None)
