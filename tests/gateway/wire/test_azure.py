"""Azure's forms of OpenAI's paths: derived, with a deployment in the place of a model."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.errors import BadRequest, PolicyViolation
from gateway.wire.asked import asked
from gateway.wire.azure import Deployment, azure_paths
from gateway.wire.dialect import Dialect, ErrorShape
from gateway.wire.model import Call, Origin
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.openai.completions import Completions
from gateway.wire.openai.embeddings import Embeddings
from gateway.wire.openai.images import Images
from gateway.wire.openai.multipart import ImageForms
from policies.bounds import broken
from policies.policy import Policy
from policies.subject import Subject

CHAT = ChatCompletions()
DEPLOYED = Deployment(CHAT)
CALL = Call("POST", "/", {"deployment": "my-gpt4o"})
ORIGIN = Origin("req_1", "m", 7)
FORM = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o\r\n--b--\r\n'


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


@pytest.mark.parametrize(
    ("dialect", "raw", "content_type"),
    [
        (CHAT, b'{"model": "gpt-4o", "messages": []}', "application/json"),
        (Completions(), b'{"model": "gpt-4o", "prompt": "a"}', "application/json"),
        (Embeddings(), b'{"model": "gpt-4o", "input": "a"}', "application/json"),
        (Images(), b'{"model": "gpt-4o", "prompt": "a"}', "application/json"),
        (Images(), b'{"model": ["gpt-4o"], "prompt": "a"}', "application/json"),
        (ImageForms(), FORM, "multipart/form-data; boundary=b"),
    ],
)
def test_a_model_in_the_body(dialect: Dialect, raw: bytes, content_type: str):
    """The deployment is the model whatever the body names, which counts beside it; the body goes on as it came."""
    request = Deployment(dialect).parse_request(raw, replace(CALL, content_type=content_type))
    assert (request.model, request.raw) == ("my-gpt4o", raw)
    assert asked(request).models == ("gpt-4o",)


def test_its_own_name_in_the_body():
    """SDKs name the deployment in the body as well: that is no other model."""
    request = DEPLOYED.parse_request(b'{"model": "my-gpt4o", "messages": []}', CALL)
    assert (request.model, asked(request).models) == ("my-gpt4o", ())


@pytest.mark.parametrize(
    ("deployment", "body", "is_broken"),
    [("r1", {"model": "r1"}, False), ("r1", {}, False), ("r1", {"model": "gpt"}, True), ("gpt", {"model": "r1"}, True), ("gpt", {}, True)],
)
def test_both_must_be_allowed(deployment: str, body: dict[str, str], is_broken: bool):
    """Neither the path nor the body leads past the models that a policy allows."""
    request = DEPLOYED.parse_request(json.dumps({**body, "messages": []}).encode(), Call("POST", "/", {"deployment": deployment}))
    policy = Policy.model_validate({"name": "p", "domain": {"request": {"models": ["r1"]}}}, strict=False)
    subject = Subject("bot", request.model, request.surface)
    assert bool(broken(policy, subject, asked(request), datetime(2026, 11, 22, tzinfo=UTC))) is is_broken


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
