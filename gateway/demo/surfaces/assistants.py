"""``/v1/assistants`` and ``/v1/threads``: a run answers the thread at once, and needs no tools."""

from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, needed_text
from gateway.demo.paging import page
from gateway.demo.pieces import count
from gateway.demo.script import Prompt, respond
from gateway.demo.state import Route, State
from gateway.demo.surfaces.responses_request import text_of

Json = dict[str, Any]

_ASSISTANT: Json = {
    "name": None, "description": None, "instructions": None, "tools": [], "tool_resources": None, "metadata": {}, "temperature": 1.0,
    "top_p": 1.0, "response_format": "auto",
}  # fmt: skip


def create_assistant(ask: Ask, state: State) -> Answer:
    body = ask.json()
    shape = {"id": state.new_id("asst_"), "object": "assistant", "created_at": state.now, "model": needed_text(body, "model")}
    assistant: Json = shape | {name: body.get(name, default) for name, default in _ASSISTANT.items()}
    state.shelf("assistant").put(assistant["id"], assistant)
    return Answer(assistant)


def update_assistant(ask: Ask, state: State) -> Answer:
    body = ask.json()
    changed = {name: body[name] for name in (*_ASSISTANT, "model") if name in body}
    assistant = state.shelf("assistant").get(ask.named["id"]) | changed
    state.shelf("assistant").put(assistant["id"], assistant)
    return Answer(assistant)


def show_assistant(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("assistant").get(ask.named["id"]))


def list_assistants(ask: Ask, state: State) -> Answer:
    return Answer(page(state.shelf("assistant"), ask.query, most=100))


def delete_assistant(ask: Ask, state: State) -> Answer:
    state.shelf("assistant").drop(ask.named["id"])
    return Answer({"id": ask.named["id"], "object": "assistant.deleted", "deleted": True})


def create_thread(ask: Ask, state: State) -> Answer:
    return Answer(_new_thread(ask.optional_json(), state))


def _new_thread(body: Json, state: State) -> Json:
    thread: Json = {
        "id": state.new_id("thread_"), "object": "thread", "created_at": state.now, "metadata": body.get("metadata") or {},
        "tool_resources": None,
    }  # fmt: skip
    state.shelf("thread").put(thread["id"], thread)
    for message in body.get("messages") or ():
        _new_message(message, thread["id"], state)
    return thread


def show_thread(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("thread").get(ask.named["id"]))


def delete_thread(ask: Ask, state: State) -> Answer:
    state.shelf("thread").drop(ask.named["id"])
    return Answer({"id": ask.named["id"], "object": "thread.deleted", "deleted": True})


def create_message(ask: Ask, state: State) -> Answer:
    state.shelf("thread").get(ask.named["id"])
    return Answer(_new_message(ask.json(), ask.named["id"], state))


def _new_message(body: object, thread_id: str, state: State, run: Json | None = None) -> Json:
    if not isinstance(body, dict) or not isinstance(body.get("role"), str):
        raise RefusedRequestError("A message has a role and content.", param="messages", code="invalid_type")
    message: Json = {
        "id": state.new_id("msg_"), "object": "thread.message", "created_at": state.now, "thread_id": thread_id, "role": body["role"],
        "content": [{"type": "text", "text": {"value": text_of(body.get("content")), "annotations": []}}], "status": "completed",
        "assistant_id": run["assistant_id"] if run else None, "run_id": run["id"] if run else None, "attachments": [], "metadata": {},
    }  # fmt: skip
    state.shelf("message").put(message["id"], message)
    return message


def list_messages(ask: Ask, state: State) -> Answer:
    state.shelf("thread").get(ask.named["id"])
    return Answer(page(_messages(ask.named["id"], state), ask.query, most=100))


def _messages(thread_id: str, state: State) -> list[Json]:
    return [message for message in state.shelf("message") if message["thread_id"] == thread_id]


def show_message(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("message").get(ask.named["message"]))


def create_run(ask: Ask, state: State) -> Answer:
    return Answer(_new_run(ask.json(), state.shelf("thread").get(ask.named["id"])["id"], state))


def create_thread_and_run(ask: Ask, state: State) -> Answer:
    body = ask.json()
    return Answer(_new_run(body, _new_thread(body.get("thread") or {}, state)["id"], state))


def _new_run(body: Json, thread_id: str, state: State) -> Json:
    if body.get("stream") is True:
        raise RefusedRequestError("Runs are not streamed here.", param="stream", code="unsupported_value")
    assistant = state.shelf("assistant").get(needed_text(body, "assistant_id"))
    for message in body.get("additional_messages") or ():
        _new_message(message, thread_id, state)
    reply = respond(_prompt(_messages(thread_id, state)))
    text = reply.text or reply.refusal
    usage = {"prompt_tokens": 10, "completion_tokens": count(text), "total_tokens": 10 + count(text)}
    run: Json = {
        "id": state.new_id("run_"), "object": "thread.run", "thread_id": thread_id, "assistant_id": assistant["id"], "status": "completed",
        **dict.fromkeys(("created_at", "started_at", "completed_at"), state.now),
        **dict.fromkeys(("expires_at", "cancelled_at", "failed_at", "last_error", "incomplete_details", "required_action")),
        "model": body.get("model") or assistant["model"], "instructions": body.get("instructions") or assistant["instructions"] or "",
        "tools": assistant["tools"], "tool_choice": "auto", "parallel_tool_calls": True, "response_format": "auto", "metadata": {},
        "truncation_strategy": {"type": "auto", "last_messages": None}, "temperature": 1.0, "top_p": 1.0, "max_prompt_tokens": None,
        "max_completion_tokens": None, "usage": usage,
    }  # fmt: skip
    state.shelf("run").put(run["id"], run)
    _new_message({"role": "assistant", "content": text}, thread_id, state, run)
    return run


def _prompt(messages: list[Json]) -> Prompt:
    said = {
        role: tuple(message["content"][0]["text"]["value"] for message in messages if message["role"] == role)
        for role in ("user", "assistant")
    }
    return Prompt(said=said["user"], answered=said["assistant"])


def show_run(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("run").get(ask.named["run"]))


def list_runs(ask: Ask, state: State) -> Answer:
    return Answer(page((run for run in state.shelf("run") if run["thread_id"] == ask.named["id"]), ask.query, most=100))


def list_steps(ask: Ask, state: State) -> Answer:
    state.shelf("run").get(ask.named["run"])
    return Answer(page([], ask.query, most=100))


ROUTES = (
    Route("POST", "/v1/assistants", create_assistant),
    Route("GET", "/v1/assistants", list_assistants),
    Route("GET", "/v1/assistants/{id}", show_assistant),
    Route("POST", "/v1/assistants/{id}", update_assistant),
    Route("DELETE", "/v1/assistants/{id}", delete_assistant),
    Route("POST", "/v1/threads", create_thread),
    Route("POST", "/v1/threads/runs", create_thread_and_run),
    Route("GET", "/v1/threads/{id}", show_thread),
    Route("DELETE", "/v1/threads/{id}", delete_thread),
    Route("POST", "/v1/threads/{id}/messages", create_message),
    Route("GET", "/v1/threads/{id}/messages", list_messages),
    Route("GET", "/v1/threads/{id}/messages/{message}", show_message),
    Route("POST", "/v1/threads/{id}/runs", create_run),
    Route("GET", "/v1/threads/{id}/runs", list_runs),
    Route("GET", "/v1/threads/{id}/runs/{run}", show_run),
    Route("GET", "/v1/threads/{id}/runs/{run}/steps", list_steps),
)
