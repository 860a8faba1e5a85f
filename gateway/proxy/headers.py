"""Which headers travel on, in each direction."""

from gateway.proxy.http import Headers

# RFC 9110, 7.6.1: these are about one connection.
_PROXY = ("proxy-authenticate", "proxy-authorization", "proxy-connection")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", *_PROXY, "te", "trailer", "transfer-encoding", "upgrade"})
# What the client's network and browser say of it is nobody's business behind us.
_ADDRESSES = (
    "forwarded",
    "via",
    "x-real-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
)
_PRIVATE = frozenset({"cookie", "referer", "from", *_ADDRESSES})
_REWRITTEN = frozenset({"host", "content-length", "content-encoding", "accept-encoding", "expect"})
_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key"})
# Alt-Svc would lead the client past us; the rest belongs to the body as it was sent, which we have decoded.
_NOT_RETURNED = frozenset({"alt-svc", "content-length", "content-encoding", "date", "server"})


_NOT_FORWARDED = _HOP_BY_HOP | _PRIVATE | _REWRITTEN
_NOT_FORWARDED_WITH_KEY = _NOT_FORWARDED | _CREDENTIALS
_NOT_SENT_BACK = _HOP_BY_HOP | _NOT_RETURNED


def upstream_headers(client: Headers, *, drop_credentials: bool) -> list[tuple[str, str]]:
    """What goes to the endpoint, the settings' own headers and key aside."""
    return _without(client, _NOT_FORWARDED_WITH_KEY if drop_credentials else _NOT_FORWARDED, ("x-oddgate-", "x-forwarded-", "x-user-"))


def client_headers(upstream: Headers) -> list[tuple[str, str]]:
    """What goes back to the client, ours aside."""
    return _without(upstream, _NOT_SENT_BACK, ("x-oddgate-",))


def _without(headers: Headers, dropped: frozenset[str], prefixes: tuple[str, ...]) -> list[tuple[str, str]]:
    named = False
    kept = []
    for name, value in headers:
        lower = name.lower()
        if lower == "connection":  # it names more headers that are about this connection alone
            named = True
            dropped = dropped.union(token.strip().lower() for token in value.split(","))
        if lower not in dropped and not lower.startswith(prefixes):
            kept.append((name, value))
    # A header may stand before the Connection that names it.
    return [(name, value) for name, value in kept if name.lower() not in dropped] if named else kept
