"""What requests of every shape ask for."""

import json

import pytest

from gateway.wire.asked import asked
from gateway.wire.routes import routes

PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def read(path: str, body: dict):
    match = routes(()).find("POST", path)
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
