"""Which headers travel on, in each direction: to the endpoint what its API has headers for, back to the client all but a few."""

import re

from gateway.proxy.http import Headers

_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key"})
_AZURE = frozenset({"x-ms-client-request-id", "x-ms-return-client-request-id", "x-ms-useragent", "x-ms-enable-preview"})
"""By name, for others of Azure's choose who answers (``azureml-model-deployment``, ``x-ms-oai-image-generation-deployment``)."""
_FORWARDED = _AZURE | {"accept", "content-type", "idempotency-key", "user-agent", "x-client-request-id"}
_FORWARDED_WITH_KEY = _FORWARDED | _CREDENTIALS
_FORWARDED_PREFIXES = ("openai-", "anthropic-", "x-stainless-")

# RFC 9110, 7.6.1: these are about one connection.
_PROXY = ("proxy-authenticate", "proxy-authorization", "proxy-connection")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", *_PROXY, "te", "trailer", "transfer-encoding", "upgrade"})
# Alt-Svc would lead the client past us; the rest belongs to the body as it was sent, which we have decoded.
_NOT_RETURNED = _HOP_BY_HOP | {"alt-svc", "content-length", "content-encoding", "date", "server"}

_NONE: frozenset[str] = frozenset()

_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_PARAMETER = re.compile(r"(?:boundary=.*|charset=\"?(?:utf-?8|us-ascii)\"?)", re.IGNORECASE)


def upstream_headers(client: Headers, *, drop_credentials: bool, also: frozenset[str] = _NONE) -> list[tuple[str, str]]:
    """What goes to the endpoint, the settings' own headers and key aside. ``also``: more names, in lower case, that the settings allow.

    A header has no rules that look at it, so one that nobody has named could carry anything out.
    """
    allowed = (_FORWARDED if drop_credentials else _FORWARDED_WITH_KEY) | also
    kept = [(name, value) for name, value in client if (lower := name.lower()) in allowed or lower.startswith(_FORWARDED_PREFIXES)]
    plain = [(name, _plain_type(value)) if name.lower() == "content-type" and ";" in value else (name, value) for name, value in kept]
    return _without(plain, _named_by_connection(client))


def _plain_type(content_type: str) -> str:
    """A content type without parameters that no body here has: all are read as UTF-8, and a form's boundary has been read."""
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    if not _CONTENT_TYPE.fullmatch(kind):
        return "application/octet-stream"
    return "; ".join((kind, *filter(_PARAMETER.fullmatch, parameters)))


def client_headers(upstream: Headers) -> list[tuple[str, str]]:
    """What goes back to the client, ours aside."""
    kept = [(name, value) for name, value in upstream if (lower := name.lower()) not in _NOT_RETURNED and lower[:10] != "x-oddgate-"]
    return _without(kept, _named_by_connection(upstream))


def _named_by_connection(headers: Headers) -> frozenset[str]:
    """Connection names more headers that are about this connection alone."""
    values = [value for name, value in headers if name.lower() == "connection"]
    return frozenset(token.strip().lower() for value in values for token in value.split(",")) if values else _NONE


def _without(headers: list[tuple[str, str]], dropped: frozenset[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in dropped] if dropped else headers
