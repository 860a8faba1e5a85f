"""The surfaces that the settings add: strict to the key, beside the built-in paths, and each a route."""

import json
import re
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.settings import ConfigError, load_config
from gateway.wire.model import Call
from gateway.wire.routes import routes
from gateway.wire.walk import dotted

RERANK = """
surfaces:
  - name: rerank
    path: /v1/rerank
    methods: [POST, GET]
    dialect: azure
    model: "$.model"
    request: {user: ["$.query"], tool_results: ["$.documents[*]"], structural: ["$.trace"]}
    answer: {output: ["$.results[*].text"], structural: ["$.id"]}
    stream: {output: "$.delta.text", index: "$.index", done: "[DONE]", finish: "$.finish_reason"}
  - {name: old, path: "/v1/old/{id}", passthrough: true}
"""


@pytest.fixture
def load(tmp_path: Path):
    """Settings from a text."""

    def run(text: str) -> Config:
        path = tmp_path / "oddgate.yaml"
        path.write_text(text)
        return load_config(path, {})

    return run


def test_surfaces(load):
    """Each is served at its path with its methods, by upstreams of its dialect, and read where its paths say."""
    made = routes(surface.route() for surface in load(RERANK).surfaces)
    match = made.find("POST", "/v1/rerank")
    assert (match.dialect.surface, match.family, match.is_unguarded) == ("rerank", "azure", False)
    assert made.find("GET", "/v1/rerank").dialect is match.dialect
    body = {"model": "m", "query": "a", "documents": ["b"], "trace": "id-1", "rest": "c"}
    request = match.dialect.parse_request(json.dumps(body).encode(), Call())
    assert [(dotted(segment.place), segment.scope.value) for segment in request.segments] == [
        ("query", "user"), ("documents.0", "tool_results"), ("rest", "user"),
    ]  # fmt: skip
    assert request.model == "m"
    (event,) = match.dialect.open_stream("text/event-stream", None).feed(b'data: {"index": 1, "delta": {"text": "a"}}\n\n')
    assert [delta.channel for delta in event.deltas] == [(1, "delta", "text")]


def test_passthrough(load):
    """A path that is named for it goes on unread, and its route says so."""
    match = routes(surface.route() for surface in load(RERANK).surfaces).find("POST", "/v1/old/5")
    assert (match.dialect.surface, match.is_unguarded, match.names) == ("old", True, {"id": "5"})


def surface(**keys: object) -> str:
    return json.dumps({"surfaces": [{"name": "one", "path": "/v1/one", **keys}]}, indent=1)


@pytest.mark.parametrize(
    ("keys", "key", "message"),
    [
        ({"path": "v1/one"}, "path", "must match"),
        ({"path": "/v1/one/"}, "path", "must match"),
        ({"path": "/v1/one?x=1"}, "path", "must match"),
        ({"path": "/v1/{a}/{a}"}, "path", "each {name} in a path must be another"),
        ({"path": "/v1/../one"}, "path", "a path has no . and .. in it"),
        ({"path": "/v1/chat/completions"}, "path", "/v1/chat/completions is served already"),
        ({"path": "/v1/files/special"}, "path", "/v1/files/{file_id} is served already"),
        ({"path": "/v1/{kind}/completions"}, "path", "/v1/chat/completions is served already"),
        ({"path": "/openai/deployments/{d}/chat/completions"}, "path", "is served already"),
        ({"path": "/v1/messages", "passthrough": True}, "path", "/v1/messages is served already"),
        ({"name": "chat"}, "name", "chat is a surface of the gateway's own"),
        ({"name": "a b"}, "name", "must match"),
        ({"methods": []}, "methods", "must have at least 1 entries"),
        ({"methods": ["GET", "HEAD"]}, "methods[1]", "HEAD"),
        ({"methods": ["GET", "GET"]}, "methods", "GET is listed twice"),
        ({"model": "$.models[*]"}, "model", "this must name one value"),
        ({"request": {"user": ["query"]}}, "request.user[0]", "this is not a JSONPath"),
        ({"request": {"user": "$.query"}}, "request.user", "must be a list"),
        ({"request": {"output": ["$.query"]}}, "request.output", "unknown key"),
        ({"answer": {"structural": ["$["]}}, "answer.structural[0]", "this is not a JSONPath"),
        ({"stream": {"index": "$.index"}}, "stream.output", "this key is required"),
        ({"stream": {"output": "$..text"}}, "stream.output", "this must name one value"),
        ({"passthrough": True, "request": {}}, "request", "leave this key out"),
        ({"passthrough": True, "answer": {}}, "answer", "leave this key out"),
        ({"passthrough": True, "stream": {"output": "$.a"}}, "stream", "leave this key out"),
        ({"passthrough": True, "model": "$.a"}, "model", "leave this key out"),
        ({"passthrough": "yes"}, "passthrough", "must be true or false"),
        ({"novelty": 1}, "novelty", "unknown key"),
    ],
)
def test_mistakes(load, keys: dict, key: str, message: str):
    """Each is found, with its file, line and key."""
    with pytest.raises(ConfigError) as raised:
        load(surface(**keys))
    (problem,) = raised.value.problems
    assert problem.key == f"surfaces[0].{key}"
    assert message in problem.message
    assert re.search(r"oddgate\.yaml:[1-9]", str(problem))


@pytest.mark.parametrize(
    ("other", "key", "message"),
    [
        ({"name": "one", "path": "/v1/other"}, "name", "the name one is given twice"),
        ({"name": "other", "path": "/v1/one"}, "path", "/v1/one is served already"),
        ({"name": "other", "path": "/{x}/one"}, "path", "/v1/one is served already"),
    ],
)
def test_two_surfaces(load, other: dict, key: str, message: str):
    """No two have one name, or serve one path."""
    with pytest.raises(ConfigError) as raised:
        load(json.dumps({"surfaces": [{"name": "one", "path": "/v1/one"}, other]}, indent=1))
    problems = {problem.key: problem.message for problem in raised.value.problems}
    assert message in problems[f"surfaces[1].{key}"]
