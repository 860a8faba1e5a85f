"""Which paths are served: those of the table, exactly as they are written."""

import pytest

from gateway.errors import MethodNotAllowed, NotSupported
from gateway.wire.dialect import find_route, routes


@pytest.mark.parametrize(
    ("method", "path", "surface", "has_body"),
    [("POST", "/v1/chat/completions", "chat", True), ("GET", "/v1/models", "models", False)],
)
def test_what_is_served(method: str, path: str, surface: str, has_body: bool):
    """Each path has its dialect, and goes to the same path of the upstream."""
    route = find_route(routes(), method, path)
    assert (route.dialect.surface, route.path, route.has_body, route.methods) == (surface, path, has_body, (method,))
    assert (route.conversation is not None) is (surface == "chat")


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "*", "/v1", "/v1/", "/v1/embeddings", "/v1/completions", "/chat/completions",
        "/v1/chat/completions/", "//v1/chat/completions", "/v1//chat/completions", "/v1/chat/./completions", "/v1/x/../chat/completions",
        "/v1/chat%2Fcompletions", "/v1/chat/%63ompletions", "/v1/%2e%2e/v1/chat/completions", "/V1/chat/completions",
        "/v1/Chat/Completions",
        "/v1/chat/completions;x=1", "/v1/chat/completions#x", "/v1/chat/completions\x00", " /v1/chat/completions", "/v1/chat/completions ",
        "http://host/v1/chat/completions", "/v1/models/gpt-4o", "/v1/models/", "\\v1\\models",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "CONNECT"])
def test_other_spellings_are_not_served(method: str, path: str):
    """No other spelling of a path slips past, whatever the method."""
    with pytest.raises(NotSupported) as raised:
        find_route(routes(), method, path)
    assert raised.value.code == "unsupported_path"
    assert len(path) < 3 or path not in str(raised.value)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/chat/completions"),
        ("post", "/v1/chat/completions"),
        ("HEAD", "/v1/models"),
        ("OPTIONS", "/v1/models"),
        ("", "/v1/models"),
    ],
)
def test_other_methods(method: str, path: str):
    """A served path takes its own method alone."""
    with pytest.raises(MethodNotAllowed) as raised:
        find_route(routes(), method, path)
    assert (raised.value.code, raised.value.status) == ("method_not_allowed", 405)
