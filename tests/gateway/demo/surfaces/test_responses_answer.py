import json

from gateway.demo.script import Call, Reply
from gateway.demo.surfaces.responses_answer import response
from gateway.demo.surfaces.responses_request import read_request


def _respond(reply: Reply, **fields: object) -> dict:
    return response(read_request({"model": "demo", "input": "hello", **fields}), (), reply, "resp_1", 1000)


def test_one_item_a_thought_and_a_word():
    """Reasoning comes first, then the message; a refusal is a part of its own."""
    thought, said = _respond(Reply("Hello.", reasoning="Hm."))["output"]
    assert (thought["summary"][0]["text"], said["content"][0]["text"]) == ("Hm.", "Hello.")
    assert _respond(Reply(refusal="No."))["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]


def test_calls():
    """Arguments are a JSON text; what goes to a custom tool is a plain one. Ids differ."""
    tools = [{"type": "custom", "name": "patch"}]
    look, patch = _respond(Reply(calls=(Call("look", {"a": "ü"}), Call("patch", {"input": "diff"}))), tools=tools)["output"]
    assert (look["type"], json.loads(look["arguments"])) == ("function_call", {"a": "ü"})
    assert (patch["type"], patch["input"]) == ("custom_tool_call", "diff")
    assert look["call_id"] != patch["call_id"]


def test_what_is_asked_is_repeated():
    """Parameters of the request, and what they are without."""
    made = _respond(Reply("Hi."), temperature=0.5, tools=[], text={"verbosity": "low"}, reasoning={"effort": "low"})
    assert (made["temperature"], made["top_p"], made["instructions"]) == (0.5, 1.0, None)
    assert made["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert made["reasoning"] == {"effort": "low", "summary": None}


def test_a_limit():
    """Cuts the text, and the response says that it is incomplete."""
    made = _respond(Reply("1, 2, 3"), max_output_tokens=2)
    assert (made["status"], made["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert made["output"][0]["content"][0]["text"] == "1, 2,"
