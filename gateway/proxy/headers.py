"""Which headers travel on, in each direction."""

from gateway.proxy.http import Headers

# RFC 9110, 7.6.1: these are about one connection.
_PROXY = ("proxy-authenticate", "proxy-authorization", "proxy-connection")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", *_PROXY, "te", "trailer", "transfer-encoding", "upgrade"})
# What the client's network and browser say of it is nobody's business behind us.
_PRIVATE = frozenset({"cookie", "forwarded", "via", "x-real-ip", "true-client-ip", "cf-connecting-ip"})
_REWRITTEN = frozenset({"host", "content-length", "content-encoding", "accept-encoding", "expect"})
_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key"})
# Alt-Svc would lead the client past us; the rest belongs to the body as it was sent, which we have decoded.
_NOT_RETURNED = frozenset({"alt-svc", "content-length", "content-encoding", "date", "server"})


def upstream_headers(client: Headers, *, drop_credentials: bool) -> list[tuple[str, str]]:
    """What goes to the endpoint, the settings' own headers and key aside."""
    named = _named_by_connection(client)
    dropped = _HOP_BY_HOP | _PRIVATE | _REWRITTEN | named | (_CREDENTIALS if drop_credentials else frozenset())
    return [
        (name, value)
        for name, value in client
        if (lower := name.lower()) not in dropped and not lower.startswith(("x-oddgate-", "x-forwarded-"))
    ]


def client_headers(upstream: Headers) -> list[tuple[str, str]]:
    """What goes back to the client, ours aside."""
    dropped = _HOP_BY_HOP | _NOT_RETURNED | _named_by_connection(upstream)
    return [(name, value) for name, value in upstream if (lower := name.lower()) not in dropped and not lower.startswith("x-oddgate-")]


def _named_by_connection(headers: Headers) -> frozenset[str]:
    return frozenset(token.strip().lower() for name, value in headers if name.lower() == "connection" for token in value.split(","))
