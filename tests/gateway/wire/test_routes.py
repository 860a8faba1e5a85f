"""Which paths are served: those of the table, exactly as they are written, each as its dialect."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import MethodNotAllowed, NotSupported
from gateway.wire.anthropic import errors as anthropic_errors
from gateway.wire.openai import errors as openai_errors
from gateway.wire.routes import Route, Routes, overlap, routes
from gateway.wire.surface import Surface

ROUTES = routes()


@pytest.mark.parametrize(
    ("method", "path", "surface", "family", "names"),
    [
        ("POST", "/v1/chat/completions", "chat", "openai", {}),
        ("GET", "/v1/chat/completions", "chat", "openai", {}),
        ("GET", "/v1/chat/completions/chatcmpl-1/messages", "chat", "openai", {"completion_id": "chatcmpl-1"}),
        ("POST", "/v1/completions", "completions", "openai", {}),
        ("POST", "/v1/embeddings", "embeddings", "openai", {}),
        ("POST", "/v1/moderations", "moderations", "openai", {}),
        ("POST", "/v1/images/generations", "images", "openai", {}),
        ("POST", "/v1/audio/speech", "speech", "openai", {}),
        ("GET", "/v1/models", "models", "openai", {}),
        ("GET", "/v1/models/ft:gpt-4o:org::id", "models", "openai", {"model": "ft:gpt-4o:org::id"}),
        ("DELETE", "/v1/files/file-1", "files", "openai", {"file_id": "file-1"}),
        ("POST", "/v1/threads/runs", "assistants", "openai", {}),
        ("POST", "/v1/threads/thread_1/runs", "assistants", "openai", {"thread_id": "thread_1"}),
        ("POST", "/v1/threads/t/runs/r/submit_tool_outputs", "assistants", "openai", {"thread_id": "t", "run_id": "r"}),
        ("POST", "/v1/vector_stores/vs_1/search", "vector_stores", "openai", {"vector_store_id": "vs_1"}),
        ("POST", "/v1/fine_tuning/jobs/ftjob-1/cancel", "fine_tuning", "openai", {"job_id": "ftjob-1"}),
        ("POST", "/v1/batches", "batches", "openai", {}),
        ("POST", "/openai/deployments/my-gpt4o/chat/completions", "chat", "azure", {"deployment": "my-gpt4o"}),
        ("POST", "/openai/deployments/my-ada/embeddings", "embeddings", "azure", {"deployment": "my-ada"}),
        ("POST", "/openai/v1/chat/completions", "chat", "azure", {}),
        ("GET", "/openai/models", "models", "azure", {}),
    ],
)
def test_what_is_served(method: str, path: str, surface: str, family: str, names: dict[str, str]):
    """Each path has its dialect, and goes to the same path of an upstream of its family."""
    match = ROUTES.find(method, path)
    assert (match.dialect.surface, match.family, match.path, match.names) == (surface, family, path, names)
    assert not match.is_unguarded
    call = match.call(method, "application/json")
    assert (call.method, call.path, call.names, call.content_type) == (method, path, names, "application/json")


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "*", "/v1", "/v1/", "/v1/nothing", "/chat/completions",
        "/v1/chat/completions/", "//v1/chat/completions", "/v1//chat/completions", "/v1/chat/./completions", "/v1/x/../chat/completions",
        "/v1/chat%2Fcompletions", "/v1/chat/%63ompletions", "/v1/%2e%2e/v1/chat/completions", "/V1/chat/completions",
        "/v1/Chat/Completions",
        "/v1/chat/completions;x=1", "/v1/chat/completions#x", "/v1/chat/completions\x00", " /v1/chat/completions", "/v1/chat/completions ",
        "http://host/v1/chat/completions", "/v1/models/", "\\v1\\models",
        "/v1/models/..", "/v1/models/.", "/v1/models/a b", "/v1/models/a%20b", "/v1/models/a/b", "/v1/models/a?b", "/v1/models/\u00e9",
        "/v1/models/" + "a" * 257, "/v1/models/{model}", "/v1/files/../models", "/v1/threads/t/runs/r/submit_tool_outputs/x",
        "/openai/deployments/a/b/chat/completions", "/openai/deployments//chat/completions", "/openai/deployments/a/files",
        "/" * 8000, "/v1/threads" + "/x" * 4000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "CONNECT"])
def test_other_spellings_are_not_served(method: str, path: str):
    """No other spelling of a path slips past, whatever the method."""
    with pytest.raises(NotSupported) as raised:
        ROUTES.find(method, path)
    assert raised.value.code == "unsupported_path"
    assert len(path) < 3 or path not in str(raised.value)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/chat/completions"),
        ("post", "/v1/chat/completions"),
        ("HEAD", "/v1/models"),
        ("OPTIONS", "/v1/models"),
        ("", "/v1/models"),
        ("DELETE", "/v1/batches/b"),
        ("GET", "/openai/deployments/a/chat/completions"),
    ],
)
def test_other_methods(method: str, path: str):
    """A served path takes its own methods alone."""
    with pytest.raises(MethodNotAllowed) as raised:
        ROUTES.find(method, path)
    assert (raised.value.code, raised.value.status) == ("method_not_allowed", 405)
    ((name, allowed),) = raised.value.headers
    assert name == "Allow"
    assert method not in allowed.split(", ")


def test_azure_has_all_of_openai():
    """Each of OpenAI's paths is served in Azure's forms, with the same methods."""
    by_pattern = {route.pattern: route for route in ROUTES}
    openai = [route for route in ROUTES if route.family == "openai"]
    assert len(openai) > 60
    for route in openai:
        for prefix in ("/openai/v1/", "/openai/"):
            azure = by_pattern[prefix + route.pattern.removeprefix("/v1/")]
            assert (azure.family, azure.drops, azure.dialects.keys()) == ("azure", "", route.dialects.keys())


def test_routes_of_one_pattern():
    """Several may share a pattern, if their methods differ; two that would serve the same request are a mistake of ours."""
    one, other = Surface("one"), Surface("other")
    shared = Routes([Route("/a/{x}", {"GET": one}), Route("/a/{x}", {"POST": other})])
    assert (shared.find("GET", "/a/1").dialect, shared.find("POST", "/a/1").dialect) == (one, other)
    for clash in (
        Route("/a/{x}", {"GET": other}),
        Route("/a/{y}", {"POST": other}),
        Route("/a/{x}", {"POST": other}, "azure"),
        Route("/a/{x}", {"POST": other}, is_unguarded=True),
    ):
        with pytest.raises(ValueError, match="has a route already"):
            Routes([Route("/a/{x}", {"GET": one}), clash])


def test_a_fixed_part_goes_first():
    """A path that is written out is not taken for another's variable part; where it leads nowhere, the other still serves."""
    one, other = Surface("one"), Surface("other")
    made = Routes([Route("/a/{x}/c", {"GET": one}), Route("/a/b/d", {"GET": other}), Route("/a/b", {"GET": other})])
    assert made.find("GET", "/a/b/d").dialect is other
    match = made.find("GET", "/a/b/c")
    assert (match.dialect, match.names) == (one, {"x": "b"})


def test_what_is_ours_alone_is_dropped():
    """A prefix of ours does not go to the upstream."""
    match = ROUTES.find("POST", "/anthropic/v1/messages")
    assert (match.path, match.family) == ("/v1/messages", "anthropic")


def test_extra_routes():
    """What the settings add is served besides, and marked if it is unguarded."""
    extra = Route("/old/{id}", {"GET": Surface("old")}, is_unguarded=True)
    made = routes([extra])
    assert made.find("GET", "/old/5").is_unguarded
    assert len(list(made)) == len(list(ROUTES)) + 1


def test_error_shapes():
    """A request that has no route is refused in the words of the API that it seems to ask for."""
    assert {Routes.error_shape(path) for path in ("/v1/messages", "/v1/messages/x", "/anthropic/v1/x")} == {anthropic_errors}
    assert {Routes.error_shape(path) for path in ("/v1/chat", "/", "/v1/messagesx")} == {openai_errors}


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        ("/a/b", "/a/b", True), ("/a/b", "/a/c", False), ("/a/{x}", "/a/b", True), ("/a/{x}", "/a/{y}", True), ("/a/{x}", "/a/b/c", False),
        ("/{x}/b", "/a/{y}", True), ("/{x}/b", "/a/c", False),
    ],
)  # fmt: skip
def test_overlap(pattern: str, other: str, expected: bool):
    """Two patterns overlap if some path fits both."""
    assert overlap(pattern, other) is overlap(other, pattern) is expected


PARTS = st.sampled_from(["a", "b", "{x}", "{y}"])
PATTERNS = st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=200)
@given(st.lists(PATTERNS, min_size=1, max_size=5, unique=True), st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3))
def test_a_path_is_served_if_it_fits(patterns: list[str], parts: list[str]):
    """A path is found exactly if it overlaps with one of the patterns."""
    try:
        made = Routes([Route(pattern, {"GET": Surface("s")}) for pattern in patterns])
    except ValueError:
        return
    path = "/" + "/".join(parts)
    try:
        made.find("GET", path)
        is_found = True
    except NotSupported:
        is_found = False
    assert is_found is any(overlap(pattern, path) for pattern in patterns)
