"""Azure's forms of OpenAI's paths: derived, with a deployment in the place of a model."""

import json

import pytest

from gateway.errors import BadRequest, PolicyViolation
from gateway.wire.azure import Deployment, azure_paths
from gateway.wire.dialect import Dialect, ErrorShape
from gateway.wire.model import Call, Origin
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.openai.images import Images

CHAT = ChatCompletions()
DEPLOYED = Deployment(CHAT)
CALL = Call("POST", "/", {"deployment": "my-gpt4o"})
ORIGIN = Origin("req_1", "m", 7)


@pytest.mark.parametrize(
    ("pattern", "methods", "expected"),
    [
        ("/v1/chat/completions", ["POST"],
         ["/openai/v1/chat/completions", "/openai/chat/completions", "/openai/deployments/{deployment}/chat/completions"]),
        ("/v1/chat/completions", ["GET"], ["/openai/v1/chat/completions", "/openai/chat/completions"]),
        ("/v1/audio/speech", ["POST"],
         ["/openai/v1/audio/speech", "/openai/audio/speech", "/openai/deployments/{deployment}/audio/speech"]),
        ("/v1/files/{file_id}", ["GET", "DELETE"], ["/openai/v1/files/{file_id}", "/openai/files/{file_id}"]),
        ("/v1/responses", ["POST"], ["/openai/v1/responses", "/openai/responses"]),
        ("/other", ["POST"], []),
    ],
)  # fmt: skip
def test_paths(pattern: str, methods: list[str], expected: list[str]):
    """Each path of OpenAI's below Azure's prefixes; what a model answers, below a deployment too."""
    assert [path for path, _ in azure_paths(pattern, dict.fromkeys(methods, CHAT))] == expected


def test_the_deployment_is_the_model():
    """A body that names no model is read as if it named the deployment, and goes on as it came."""
    raw = b'{"messages": [{"role": "user", "content": "hi"}],  "stream": true}'
    request = DEPLOYED.parse_request(raw, CALL)
    assert (request.model, request.raw, request.stream, request.surface) == ("my-gpt4o", raw, True, "chat")
    assert (request.body, [segment.text for segment in request.segments]) == (json.loads(raw), ["hi"])


def test_a_model_in_the_body():
    """It says what is asked for, as the upstream reads it."""
    raw = b'{"model": "gpt-4o", "messages": []}'
    assert DEPLOYED.parse_request(raw, CALL) == CHAT.parse_request(raw, CALL)


def test_a_surface_that_needs_no_model():
    """The deployment is its model."""
    assert Deployment(Images()).parse_request(b'{"prompt": "a"}', CALL).model == "my-gpt4o"


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"model": 5, "messages": []}', b'{"messages": 5}', b'{"messages": [5]}'])
def test_a_request_that_is_none(raw: bytes):
    """It is refused in the dialect's own words."""
    with pytest.raises(BadRequest):
        DEPLOYED.parse_request(raw, CALL)


def test_a_form_without_a_model():
    """What is not JSON is refused for what its own reading says."""

    class Form(ChatCompletions):
        def parse_request(self, raw: bytes, call: Call):
            raise BadRequest("invalid_body", "no model", "model")

    with pytest.raises(BadRequest) as raised:
        Deployment(Form()).parse_request(b"--boundary", CALL)
    assert raised.value.message == "no model"


def test_nothing_is_left_to_a_default():
    """Whatever a dialect does, the deployment's does by it."""
    asked = {
        name for shape in (Dialect, ErrorShape) for name, value in vars(shape).items() if callable(value) or isinstance(value, property)
    }
    own = {name for name in asked if not name.startswith("_")}
    assert len(own) > 7
    assert own - vars(Deployment).keys() == set()


def test_all_else_is_the_dialects():
    """Answers, streams, refusals and errors are those of the dialect."""
    raw = b'{"choices": [{"message": {"content": "hi"}}]}'
    assert DEPLOYED.surface == "chat"
    assert DEPLOYED.parse_completion(raw, "application/json") == CHAT.parse_completion(raw, "application/json")
    assert DEPLOYED.render_refusal("no", ORIGIN) == CHAT.render_refusal("no", ORIGIN)
    assert DEPLOYED.render_refusal_stream("no", ORIGIN) == CHAT.render_refusal_stream("no", ORIGIN)
    error = PolicyViolation("no", (), ())
    assert DEPLOYED.render_error(error, "r", "p") == CHAT.render_error(error, "r", "p")
    assert DEPLOYED.render_error_event(error, "r", "p") == CHAT.render_error_event(error, "r", "p")
    assert DEPLOYED.open_upload(CALL) is None
    assert (DEPLOYED.unread("audio/mpeg"), type(DEPLOYED.open_stream("text/event-stream", ORIGIN)).__name__) == (None, "ChatStream")
