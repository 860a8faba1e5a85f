"""Which headers travel on, in each direction."""

import pytest

from gateway.proxy.headers import client_headers, upstream_headers


def names(headers: list[tuple[str, str]]) -> list[str]:
    return [name for name, _ in headers]


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Proxy-Connection",
        "Host", "Content-Length", "Content-Encoding", "Accept-Encoding", "Expect",
        "Cookie", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP",
        "x-oddgate-app", "X-Oddgate-User", "X-ODDGATE-ANYTHING", "X-User-Email", "X-New", "Referer",
        "traceparent", "tracestate", "baggage",
        "azureml-model-deployment", "azureml-model-session", "x-ms-oai-image-generation-deployment",
        "x-ms-model-mesh-model-name", "x-ms-new",
    ],
)  # fmt: skip
def test_what_does_not_go_upstream(name: str):
    """Neither what is about this connection or the client, nor what is for us, nor what no API has; in any case of letters."""
    for spelled in (name, name.lower(), name.upper()):
        assert upstream_headers([(spelled, "x"), ("OpenAI-Beta", "y")], drop_credentials=False) == [("OpenAI-Beta", "y")]


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key", "api-key"])
def test_credentials(name: str):
    """The client's key goes on, unless it is one of ours or the upstream has its own."""
    assert upstream_headers([(name, "k")], drop_credentials=False) == [(name, "k")]
    assert upstream_headers([(name, "k")], drop_credentials=True) == []


def test_what_goes_upstream():
    """What the APIs have headers for, in order, each value as it was, also where a name comes twice."""
    headers = [
        ("Content-Type", "application/json"),
        ("OpenAI-New", "a"),
        ("openai-new", "b"),
        ("User-Agent", "sdk/1"),
        ("x-ms-client-request-id", "c"),
        ("X-MS-Enable-Preview", "true"),
    ]
    assert upstream_headers(headers, drop_credentials=False) == headers


def test_what_the_settings_name():
    """A header that the settings allow goes too, in any case of letters."""
    headers = [("X-Title", "a"), ("x-other", "b")]
    assert upstream_headers(headers, drop_credentials=True, also=frozenset({"x-title"})) == [("X-Title", "a")]


@pytest.mark.parametrize("named", ["X-Private", "x-private", "close, X-Private", "X-Private , keep-alive"])
def test_what_the_connection_header_names(named: str):
    """A header that the sender calls hop-by-hop stays on that hop, in both directions."""
    headers = [("Connection", named), ("X-Private", "x"), ("X-Public", "y")]
    allowed = frozenset({"x-private", "x-public"})
    assert names(upstream_headers(headers, drop_credentials=False, also=allowed)) == ["X-Public"]
    assert names(client_headers(headers)) == ["X-Public"]


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer", "Proxy-Authenticate",
        "Content-Length", "Content-Encoding", "Alt-Svc", "Date", "Server", "X-Oddgate-Decision", "x-oddgate-request-id",
    ],
)  # fmt: skip
def test_what_does_not_come_back(name: str):
    """Neither what is about the upstream's connection, nor what our decoding made untrue, nor what only we may say."""
    for spelled in (name, name.lower(), name.upper()):
        assert client_headers([(spelled, "x"), ("X-RateLimit-Remaining", "1")]) == [("X-RateLimit-Remaining", "1")]


def test_what_comes_back():
    """Rate limits, request ids, content types and all the rest."""
    headers = [("Content-Type", "text/event-stream"), ("x-ratelimit-limit-requests", "10"), ("Retry-After", "3"), ("x-request-id", "r")]
    assert client_headers(headers) == headers


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ("application/json", "application/json"), ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("application/json;charset=\"UTF-8\"", "application/json; charset=\"UTF-8\""),
        ("application/json; x=anna@example.org", "application/json"),
        ("application/json; charset=utf-7; charset=utf-8", "application/json; charset=utf-8"),
        ("application/json; charset=utf-16", "application/json"), ("anna@example.org; a=b", "application/octet-stream"),
        ("multipart/form-data; boundary=ab-1", "multipart/form-data; boundary=ab-1"),
    ],
)  # fmt: skip
def test_content_types(given: str, goes: str):
    """Of a content type's parameters go those that say how the body was read, and no others."""
    assert upstream_headers([("Content-Type", given)], drop_credentials=True) == [("Content-Type", goes)]
