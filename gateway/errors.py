"""The gateway's own errors, each with a stable code and status; ``proxy.handler`` is the only place that turns one into an answer.

    GatewayError
    ├── InternalError              500  internal_error
    ├── BadRequest                 400  invalid_json, invalid_body, duplicate_key, too_deep, unsupported_query, invalid_http,
    │                                   invalid_multipart, invalid_file, invalid_label
    ├── Unauthorized               401  invalid_api_key
    ├── NotAllowed                 403  telemetry_unguarded, quarantined
    ├── NotSupported               404  unsupported_path, model_not_routed
    ├── MethodNotAllowed           405  method_not_allowed
    ├── TooSlow                    408  request_timeout
    ├── TooLarge                   413  body_too_large
    ├── WrongMedia                 415  unsupported_media_type
    ├── TooMany                    429  rate_limited
    ├── HeadersTooLarge            431  headers_too_large
    ├── PolicyViolation            400  content_filter (a verdict, not a fault)
    ├── UpstreamError              502  upstream_unreachable, upstream_reset, upstream_invalid_response, upstream_too_large
    ├── UpstreamTimeout            504  upstream_timeout
    └── Unavailable                503  journal_unavailable, too_many_connections, guard_unavailable, shutting_down,
                                        collector_unavailable, upstream_limited

No message ever holds text from a body, a header or an exception of a library.
"""

from collections.abc import Iterable
from typing import ClassVar


class GatewayError(Exception):
    """``code`` is stable and documented; ``message`` is for people; ``param`` names the place in the body, if there is one."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.param = param
        self.headers: tuple[tuple[str, str], ...] = ()
        """Of the answer, besides those that every error has."""


class InternalError(GatewayError):
    def __init__(self) -> None:
        super().__init__("internal_error", "The gateway failed to handle this request; nothing was forwarded unguarded.")


class BadRequest(GatewayError):
    status = 400
    type = "invalid_request_error"


class Unauthorized(GatewayError):
    status = 401
    type = "authentication_error"


class NotAllowed(GatewayError):
    status = 403
    type = "permission_error"


class NotSupported(GatewayError):
    status = 404
    type = "invalid_request_error"


class MethodNotAllowed(GatewayError):
    """``methods``: those that the path takes."""

    status = 405
    type = "invalid_request_error"

    def __init__(self, methods: Iterable[str], message: str | None = None) -> None:
        named = tuple(methods)
        super().__init__("method_not_allowed", message or f"This path takes {' or '.join(named)}.")
        self.headers = (("Allow", ", ".join(named)),)


class TooSlow(GatewayError):
    status = 408
    type = "invalid_request_error"


class TooLarge(GatewayError):
    status = 413
    type = "invalid_request_error"


class WrongMedia(GatewayError):
    status = 415
    type = "invalid_request_error"


class TooMany(GatewayError):
    status = 429
    type = "rate_limit_error"


class HeadersTooLarge(GatewayError):
    status = 431
    type = "invalid_request_error"


class UpstreamError(GatewayError):
    status = 502


class UpstreamTimeout(GatewayError):
    status = 504


class Unavailable(GatewayError):
    status = 503


class PolicyViolation(GatewayError):
    """A blocked exchange: which rules, under which policy, and why; never what they matched."""

    status = 400
    type = "policy_violation"

    def __init__(self, message: str, rules: tuple[str, ...], reasons: tuple[str, ...]) -> None:
        super().__init__("content_filter", message)
        self.rules = rules
        self.reasons = reasons
