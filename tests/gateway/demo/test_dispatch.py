import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.dispatch import ROUTES, perform
from gateway.demo.exchange import UNREADABLE, Answer, Ask, Streamed
from gateway.demo.state import State

BODIES = [None, UNREADABLE, [], {}, {"model": "demo"}, {"model": 3, "messages": 3, "input": 3, "prompt": 3, "items": 3, "requests": 3}]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_surface_refuses_what_is_no_request(state: State, route):
    """In the dialect of its path, and never by failing."""
    for body in BODIES:
        answer = perform(Ask(route.method, route.path.replace("{", "").replace("}", ""), b"x", body), state)
        assert isinstance(answer, Answer)
        assert answer.status in {200, 400, 404}
        if answer.status != 200:
            assert "message" in answer.body["error"]
            assert ("type" in answer.body) == route.path.startswith("/v1/messages")


ASKED = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "look"}], "tools": [], "tool_choice": "auto", "response_format": {}},
    "/v1/responses": {
        "input": [{"role": "user", "content": []}],
        "tools": [],
        "tool_choice": "auto",
        "text": {},
        "reasoning": {},
        "include": [],
    },
    "/v1/messages": {
        "messages": [{"role": "user", "content": []}],
        "max_tokens": 9,
        "tools": [],
        "tool_choice": {},
        "thinking": {},
        "system": "",
    },
    "/v1/completions": {"prompt": "look", "n": 1, "stop": [], "logprobs": 1, "stream_options": {}, "max_tokens": 9},
    "/v1/embeddings": {"input": ["look"], "dimensions": 8},
    "/v1/conversations": {"items": [{"role": "user", "content": "look"}], "metadata": {}},
    "/v1/threads": {"messages": [{"role": "user", "content": "look"}]},
}
NAMES = st.sampled_from(["type", "name", "role", "content", "text", "function", "id"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner),
    max_leaves=6,
)


@pytest.mark.parametrize("path", ASKED)
@given(data=st.data(), stream=st.booleans())
def test_whatever_stands_in_a_request(path: str, data: st.DataObject, stream: bool):
    """It is answered or refused, and a stream that begins comes to its end."""
    asked = ASKED[path] | {"model": "demo-reasoning", "stream": stream}
    body = asked | {data.draw(st.sampled_from(sorted(asked))): data.draw(ANYTHING | st.lists(ANYTHING, min_size=1, max_size=2))}
    answer = perform(Ask("POST", path, b"x", body), State(("demo",), lambda: 0.0, perform))
    if isinstance(answer, Streamed):
        assert list(answer.frames)
    else:
        assert answer.status in {200, 400, 404}


def test_no_two_routes_are_the_same():
    """Each method and path has one handler."""
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/else", 404),
        ("PUT", "/v1/models", 405),
        ("HEAD", "/v1/models", 200),
        ("GET", "/openai/models", 200),
        ("GET", "/v1/models/a/b", 404),
    ],
)
def test_which_surface(state: State, method: str, path: str, status: int):
    """That of the path, for the methods that it knows."""
    assert perform(Ask(method, path), state).status == status


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/messages", "rate_limit_error"), ("/anthropic/v1/messages", "rate_limit_error"), ("/v1/completions", "requests")],
)
def test_a_busy_model(state: State, path: str, kind: str):
    """Is busy on every surface, and says when to come back."""
    answer = perform(Ask("POST", path, b"x", {"model": "demo-busy"}), state)
    assert (answer.status, answer.body["error"]["type"], answer.headers["retry-after"]) == (429, kind, "1")
