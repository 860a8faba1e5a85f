"""Frameworks and other languages' clients, unchanged but for the base URL, each as a program of its own (``tests/clients``)."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.endpoint import received, saw_placeholders_only
from tests.support.gateway import Gateway
from tests.support.personal import TEXT, VALUES, leaked

CLIENTS = Path(__file__).parent.parent / "clients"
PYTHON = Path(sys.prefix) / "clients" / "bin" / "python"
NODE = shutil.which("node")
LIMIT_S = 120

EMAIL = VALUES["EMAIL_ADDRESS"]
SEND = f"Send an email to {EMAIL}"
NUMBER = "5555 5555 5555 4444"  # unlike the rest this one is meant to reach the endpoint, which says it
SAID = "The number is as I have told you before. " * 5
GIVEN = {
    "text": TEXT,
    "say": f"Repeat after me: {TEXT}",
    "send": SEND,
    "secret": f"Repeat after me: {SAID}It is {NUMBER}. {'Keep it. ' * 20}",
}
CONTACT = {"name": VALUES["PERSON"], "email": EMAIL}
CALL = {"to": EMAIL, "subject": SEND}

with_python = pytest.mark.skipif(not PYTHON.exists(), reason="the frameworks could not be installed: `make test` says why")
with_node = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules").exists(), reason="there is no node, or its clients could not be installed"
)
pytestmark = pytest.mark.slow


async def run(script: str, gateway: Gateway) -> dict:
    """What the client read, which is all that it prints."""
    command = (NODE or "node") if script.endswith(".mjs") else str(PYTHON)
    process = await asyncio.create_subprocess_exec(
        command,
        str(CLIENTS / script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"NO_PROXY": "*", "PYTHONWARNINGS": "ignore"},
    )
    given = json.dumps(GIVEN | {"url": f"{gateway.url}/v1"}).encode()
    try:
        async with asyncio.timeout(LIMIT_S):
            read, said = await process.communicate(given)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, said.decode(errors="replace")[-3000:]
    return json.loads(read)


def check_stops(read: dict, reasons: list[str]) -> None:
    """A request that is stopped is an error that names no value; an answer that is stopped ends by the content filter, before the value."""
    assert read.get("stopped"), "the request was not stopped"
    assert read["stopped"].get("code", "content_filter") == "content_filter"
    assert leaked(read["stopped"]["text"]) == []
    if "halted" in read:
        assert read["halted"].startswith("The number is")
        assert "5555" not in read["halted"]
        assert read["halted by"] == reasons


@with_python
async def test_langchain(demo_gateway: Gateway, demo: str):
    """LangChain: chat and responses, streamed and not, structured output, tools, embeddings."""
    read = await run("use_langchain.py", demo_gateway)
    assert {read[key] for key in ("said", "streamed", "responses", "responses streamed")} == {TEXT}
    assert (read["contact"], read["tool"], read["vectors"]) == (CONTACT, CALL, 2)
    assert EMAIL in read["after the tool"]
    check_stops(read, ["content_filter"])
    assert await saw_placeholders_only(demo)


@with_python
async def test_llama_index(demo_gateway: Gateway, demo: str):
    """LlamaIndex: chat, completion and responses, streamed and not, structured output, tools."""
    read = await run("use_llama_index.py", demo_gateway)
    assert {read[key] for key in ("said", "streamed", "completed", "responses", "responses streamed")} == {TEXT}
    assert (read["contact"], read["tool"]) == (CONTACT, CALL)
    check_stops(read, ["content_filter"])
    assert await saw_placeholders_only(demo)


@with_python
async def test_pydantic_ai(demo_gateway: Gateway, demo: str):
    """Pydantic AI: agents by chat and by responses, streamed and not, with tools that are called with real values."""
    read = await run("use_pydantic_ai.py", demo_gateway)
    assert {read[key] for key in ("said", "streamed", "responses", "responses streamed")} == {TEXT}
    assert (read["contact"], read["tool"]) == (CONTACT, CALL)
    assert EMAIL in read["after the tool"]
    check_stops(read, ["content_filter"])
    assert await saw_placeholders_only(demo)


@with_python
async def test_instructor(demo_gateway: Gateway, demo: str):
    """Instructor: a caller's model by each of its ways to ask for one."""
    read = await run("use_instructor.py", demo_gateway)
    assert all(read[way] == CONTACT for way in ("tools", "json schema", "responses", "partial")), read
    check_stops(read, [])
    assert await saw_placeholders_only(demo)


@with_node
async def test_openai_of_node(demo_gateway: Gateway, demo: str):
    """OpenAI's client for JavaScript: chat, responses and their later turns, streams, tools, files, audio, embeddings."""
    read = await run("use_openai.mjs", demo_gateway)
    assert {read[key] for key in ("said", "streamed", "responses", "responses streamed", "file", "transcript")} == {TEXT}
    assert (read["tool"], read["vectors"]) == (CALL, 2)
    assert read["later"] == f"You said before: {GIVEN['say']}"
    check_stops(read, ["content_filter"])
    assert await saw_placeholders_only(demo)


@with_node
async def test_ai_sdk(demo_gateway: Gateway, demo: str):
    """The AI SDK: OpenAI's chat and responses and Anthropic's messages, streamed and not, structured output, tools, embeddings."""
    read = await run("use_ai.mjs", demo_gateway)
    for dialect in ("chat", "responses", "messages"):
        assert (read[dialect]["said"], read[dialect]["streamed"]) == (TEXT, TEXT), dialect
        assert (read[dialect]["contact"], read[dialect]["tool"]) == (CONTACT, CALL), dialect
        check_stops(read[dialect], ["content-filter"])
    assert read["vectors"] == 2
    assert "/v1/messages" in await received(demo)
    assert await saw_placeholders_only(demo)
