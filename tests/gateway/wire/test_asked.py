"""What requests of every shape ask for."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.asked import asked
from gateway.wire.file_rows import read_row
from gateway.wire.model import Request
from gateway.wire.openai.realtime_requests import read_client_event
from gateway.wire.routes import routes

ROUTES = routes(())
KEYS = ("requests", "params", "body", "session", "response", "max_tokens", "n", "tools", "name", "messages")
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=15,
)


def read(path: str, body: dict):
    match = ROUTES.find("POST", path)
    return asked(match.dialect.parse_request(json.dumps(body).encode(), match.call("POST", "application/json")))


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (
            "/v1/chat/completions",
            {
                "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}, PICTURE]}],
                "max_tokens": 5,
                "max_completion_tokens": 50,
                "temperature": 0.5,
                "n": 2,
                "stream": True,
                "tools": [{"type": "function", "function": {"name": "search", "parameters": {}}}, {"type": "web_search"}],
            },
            {"max_tokens": 50, "temperature": 0.5, "n": 2, "stream": True, "tools": ("search", "web_search"), "messages": 1},
        ),
        (
            "/v1/responses",
            {"input": "hello", "max_output_tokens": 7, "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "mcp"}]},
            {"max_tokens": 7, "tools": ("f", "mcp"), "messages": 1, "n": 1},
        ),
        (
            "/v1/messages",
            {
                "messages": [{"role": "user", "content": "hello"}] * 3,
                "max_tokens": 9,
                "tools": [{"name": "f", "input_schema": {}}],
                "top_p": 1,
            },
            {"max_tokens": 9, "tools": ("f",), "messages": 3, "top_p": 1, "kinds": {"text"}},
        ),
        ("/v1/completions", {"prompt": ["a", "b"], "n": 1, "best_of": 4}, {"messages": 2, "n": 4, "chars": 2, "max_tokens": None}),
        ("/v1/embeddings", {"input": ["hello", "you"]}, {"messages": 2, "chars": 8, "temperature": None}),
    ],
)
def test_shapes(path, body, expected):
    """Parameters, tools and contents are read alike in every API that has them."""
    found = read(path, {"model": "m", **body})
    assert {key: getattr(found, key) for key in expected} == expected


def test_kinds():
    """A picture is seen, whether it can be read or not."""
    content = [{"type": "text", "text": "hello"}, PICTURE]
    assert read("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": content}]}).kinds == {"text", "image"}


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "best_of"])
@pytest.mark.parametrize("said", ["2", "50", True, -1, -0.5, [1], {}, "", 10**400, 1e200])
def test_what_is_no_number(key, said):
    """A parameter that is said and is no number of the API's is no number to us, not unsaid: endpoints differ on what they make of it."""
    found = read("/v1/chat/completions", {"model": "m", "messages": [], "max_tokens": 5, key: said})
    field = {"max_completion_tokens": "max_tokens", "best_of": "n"}.get(key, key)
    assert math.isnan(getattr(found, field))


@pytest.mark.parametrize(("key", "said", "expected"), [
    ("temperature", 0, 0), ("top_p", 0, 0), ("temperature", None, None), ("max_tokens", None, None), ("n", None, 1),
])  # fmt: skip
def test_what_is_a_number(key, said, expected):
    """0 is a temperature, and null says nothing."""
    assert getattr(read("/v1/chat/completions", {"model": "m", "messages": [], key: said}), key) == expected


@pytest.mark.parametrize("key", ["max_tokens", "n"])
def test_none_at_all_is_no_number(key):
    """0 stands for no limit in some servers."""
    assert math.isnan(getattr(read("/v1/chat/completions", {"model": "m", "messages": [], key: 0}), key))


@pytest.mark.parametrize("key", ["max_new_tokens", "n_predict", "num_predict", "maxTokens"])
@pytest.mark.parametrize("said", [0, -1, -2])
def test_a_servers_own_word_for_no_limit(key, said):
    """Beside a limit that is within bounds it is within none, on every surface that generates."""
    for path, body in (
        ("/v1/chat/completions", {"messages": [], "max_tokens": 5}),
        ("/v1/completions", {"prompt": "x", "max_tokens": 5}),
        ("/v1/responses", {"input": "x", "max_output_tokens": 5}),
        ("/v1/messages", {"messages": [], "max_tokens": 5}),
    ):
        assert math.isnan(read(path, {"model": "m", **body, key: said}).max_tokens)


@pytest.mark.parametrize(
    ("said", "expected"), [(["a", "b", "a"], ("a", "b")), ("a", ("a",)), ([], ()), (None, ()), ([{"id": "a"}, 5], ("",)), ({"a": 1}, ("",))]
)
def test_models_that_may_answer_instead(said, expected):
    """Each is named, in whatever form it is said; what is no name has an empty one."""
    assert read("/v1/chat/completions", {"model": "m", "messages": [], "models": said}).models == expected


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/v1/chat/completions", {"messages": [], "max_output_tokens": 5}, None),
        ("/v1/completions", {"prompt": "x", "max_completion_tokens": 5}, None),
        ("/v1/responses", {"input": "x", "max_tokens": 5}, None),
        ("/v1/messages", {"messages": [], "max_tokens_to_sample": 5}, None),
        ("/v1/chat/completions", {"messages": [], "max_tokens": 5, "max_output_tokens": 50}, 50),
        ("/v1/chat/completions", {"messages": [], "max_tokens": 5, "options": {"num_predict": 50}}, 50),
        ("/v1/chat/completions", {"messages": [], "max_tokens": 5, "generationConfig": {"maxOutputTokens": 50}}, 50),
        ("/v1/chat/completions", {"messages": [], "max_tokens": 5, "options": {"num_predict": 2}, "generationConfig": []}, 5),
        ("/v1/chat/completions", {"messages": [], "options": {"num_predict": 5}}, None),
        *(
            (path, {**body, **limits}, expected)
            for path, body, own in (
                ("/v1/chat/completions", {"messages": []}, "max_tokens"),
                ("/v1/completions", {"prompt": "x"}, "max_tokens"),
                ("/v1/responses", {"input": "x"}, "max_output_tokens"),
                ("/v1/messages", {"messages": []}, "max_tokens"),
            )
            for other in ("max_new_tokens", "n_predict", "num_predict", "maxTokens")
            for limits, expected in (({other: 5}, None), ({own: 5, other: 50}, 50), ({own: 5, other: 2}, 5))
        ),
    ],
)
def test_another_apis_limit_is_none(path, body, expected):
    """A limit by a name that the API does not have is not said; beside one that it has, it counts if it is larger."""
    assert read(path, {"model": "m", **body}).max_tokens == expected


MESSAGES = [{"role": "user", "content": "hello"}] * 9


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/threads", {"messages": MESSAGES}),
        ("/v1/threads/runs", {"assistant_id": "a", "thread": {"messages": MESSAGES}}),
        ("/v1/threads/runs", {"assistant_id": "a", "model": "m", "thread": {"messages": MESSAGES}}),
        ("/openai/threads/runs", {"assistant_id": "a", "thread": {"messages": MESSAGES}}),
        ("/v1/threads/t/runs", {"assistant_id": "a", "additional_messages": MESSAGES}),
        ("/v1/conversations", {"items": MESSAGES}),
        ("/v1/conversations/c/items", {"items": MESSAGES}),
    ],
)
def test_messages_that_are_kept(path, body):
    """What is put into a thread or a conversation counts as what is asked in one request does."""
    match = ROUTES.find("POST", path)
    call = match.call("POST", "application/json")
    assert asked(match.dialect.parse_request(json.dumps(body).encode(), call)).messages == 9


@pytest.mark.parametrize("path", ["/v1/threads/t/runs", "/v1/threads/runs"])
@pytest.mark.parametrize(
    ("limits", "expected"),
    [({}, math.nan), ({"max_prompt_tokens": 5}, math.nan), ({"max_tokens": 5}, math.nan), ({"max_completion_tokens": None}, math.nan),
     ({"max_completion_tokens": 5}, 5), ({"max_completion_tokens": 5, "max_tokens": 50}, 50)],
)  # fmt: skip
def test_a_run_without_a_limit(path, limits, expected):
    """It has none that a bound could hold, for it says so nowhere else."""
    assert read(path, {"assistant_id": "a", **limits}).max_tokens == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("path", ["/v1/assistants", "/v1/threads", "/v1/threads/t/messages", "/v1/threads/t/runs/r/submit_tool_outputs"])
def test_what_is_no_run_needs_no_limit(path):
    """An assistant, a thread and what goes on with a run have nothing to limit."""
    assert read(path, {"name": "a"}).max_tokens is None


@pytest.mark.parametrize("key", ["n", "best_of", "num_return_sequences", "candidate_count"])
def test_how_many_answers(key):
    """By whichever name it is asked for."""
    assert read("/v1/chat/completions", {"model": "m", "messages": [], key: 7}).n == 7


@pytest.mark.parametrize(("said", "expected"), [("m", ()), ("other", ("other",)), (["m", "other"], ("other",)), (5, ()), (None, ())])
def test_another_model_in_the_body(said, expected):
    """A body's own word for the model counts where the request is for another."""
    assert asked(Request("images", "m", False, {"model": said}, b"", (), ())).models == expected


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"input": "hello", "messages": []}),
        ("/v1/responses", {"conversation": "conv_1"}),
        ("/v1/responses", {"previous_response_id": "resp_1"}),
        ("/v1/completions", {}),
    ],
)
def test_who_asks_a_model_says_something(path, body):
    """No request that a model answers to counts as one without a message."""
    assert read(path, {"model": "m", **body}).messages == 1


def test_who_asks_a_deployment_says_something():
    """Nor does one whose model stands in its path alone."""
    assert read("/openai/deployments/m/completions", {}).messages == 1


def params(**also):
    return {"model": "m", "messages": [{"role": "user", "content": "hello"}], **also}


def batch(*each):
    return read("/v1/messages/batches", {"requests": [{"custom_id": f"r{number}", "params": one} for number, one in enumerate(each)]})


def test_a_batch():
    """Each of its requests is read by itself; their tools are the batch's."""
    found = batch(params(max_tokens=5, temperature=0, tools=[{"name": "f"}]), params(max_tokens=50, temperature=1, tools=[{"name": "g"}]))
    assert [(part.messages, part.max_tokens, part.temperature) for part in found.parts] == [(1, 5, 0), (1, 50, 1)]
    assert (found.messages, found.max_tokens, found.tools) == (1, 50, ("f", "g"))
    assert math.isnan(found.temperature)


def test_a_batch_of_alike():
    """What all of them say is what the batch says; what but some of them say cannot be told."""
    assert batch(params(max_tokens=5, top_p=1), params(max_tokens=5, top_p=1)).top_p == 1
    assert batch(params(), params()).max_tokens is None
    assert math.isnan(batch(params(max_tokens=5), params()).max_tokens)
    assert batch(params(max_tokens=5)).parts == ()
    assert batch().messages == 0


@pytest.mark.parametrize(
    ("url", "body", "expected"),
    [
        ("/v1/chat/completions", params(max_tokens=5, tools=[{"name": "f"}]), {"max_tokens": 5, "tools": ("f",), "messages": 1}),
        ("/v1/embeddings", {"model": "m", "input": ["x", "y"]}, {"messages": 2, "max_tokens": None}),
        ("/v1/responses", {"model": "m", "input": "x"}, {"max_tokens": None, "messages": 1, "parts": ()}),
        ("/v1/messages/batches", {"requests": [{"custom_id": "r", "params": params(max_tokens=7)}]}, {"max_tokens": 7, "messages": 1}),
    ],
)  # fmt: skip
def test_a_row_of_a_file_of_requests(url, body, expected):
    """It asks for what its body does."""
    found = asked(row(body, url))
    assert {key: getattr(found, key) for key in expected} == expected


def test_a_row_with_a_request_around():
    """What stands beside the body of a row counts too."""
    found = asked(row(params(max_tokens=5), "/v1/chat/completions", max_tokens=500, tools=[{"name": "f"}]))
    assert 500 in {part.max_tokens for part in found.parts}
    assert found.tools == ("f",)


def row(body, url, **also):
    def reader(method, path):
        match = ROUTES.find(method, path)
        return match.dialect, match.call(method, "application/json")

    return read_row(json.dumps({"custom_id": "r", "method": "POST", "url": url, "body": body, **also}).encode(), 1, reader)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "response.create", "response": {"max_output_tokens": 5, "tools": [{"name": "f"}]}}, 5),
        ({"type": "response.create", "session": {}, "response": {"max_output_tokens": 5, "tools": [{"name": "f"}]}}, 5),
        ({"type": "session.update", "session": {"max_response_output_tokens": 5, "tools": [{"name": "f"}]}}, 5),
        ({"type": "session.update", "session": {"max_response_output_tokens": "inf", "tools": [{"name": "f"}]}}, math.nan),
    ],
)
def test_a_realtime_event(event, expected):
    """It asks for what it is about, whatever else stands in it."""
    found = asked(read_client_event(json.dumps(event).encode(), "m"))
    assert found.tools == ("f",)
    assert found.max_tokens == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("fields", "n"), [([("n", "3")], 3), ([("n", "many")], math.nan), ([], 1)])
def test_a_form(fields, n):
    """Numbers stand there as text."""
    parts = [("model", "m"), ("prompt", "hello"), *fields]
    raw = "".join([f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{said}\r\n' for key, said in parts]) + "--b--\r\n"
    match = ROUTES.find("POST", "/v1/images/edits")
    found = asked(match.dialect.parse_request(raw.encode(), match.call("POST", "multipart/form-data; boundary=b")))
    assert found.n == pytest.approx(n, nan_ok=True)
    assert found.messages == 1


@given(JSON)
def test_any_body(body):
    """Whatever a request holds, what it asks for is read."""
    for surface in ("chat", "message_batches", "realtime", "images"):
        found = asked(Request(surface, "m", False, body, b"", (), ()))
        assert all(isinstance(name, str) for name in found.tools)
