"""The gateway's errors in Anthropic's words, as its client reads them."""

import json

import anthropic
import httpx2
import pytest

from gateway.errors import (
    BadRequest,
    GatewayError,
    HeadersTooLarge,
    InternalError,
    MethodNotAllowed,
    NotSupported,
    PolicyViolation,
    TooLarge,
    TooSlow,
    Unauthorized,
    Unavailable,
    UpstreamError,
    UpstreamTimeout,
)  # fmt: skip
from gateway.wire.anthropic import errors as anthropic_errors


@pytest.mark.parametrize(
    ("error", "kind", "raised"),
    [
        (BadRequest("invalid_body", "m", "messages"), "invalid_request_error", anthropic.BadRequestError),
        (PolicyViolation("m", ("r",), ("w",)), "policy_violation", anthropic.BadRequestError),
        (Unauthorized("invalid_api_key", "m"), "authentication_error", anthropic.AuthenticationError),
        (NotSupported("unsupported_path", "m"), "not_found_error", anthropic.NotFoundError),
        (MethodNotAllowed(("GET",)), "invalid_request_error", anthropic.APIStatusError),
        (TooSlow("request_timeout", "m"), "timeout_error", anthropic.RequestTimeoutError),
        (TooLarge("body_too_large", "m"), "request_too_large", anthropic.RequestTooLargeError),
        (HeadersTooLarge("headers_too_large", "m"), "invalid_request_error", anthropic.APIStatusError),
        (InternalError(), "api_error", anthropic.InternalServerError),
        (UpstreamError("upstream_reset", "m"), "api_error", anthropic.InternalServerError),
        (Unavailable("too_many_connections", "m"), "overloaded_error", anthropic.ServiceUnavailableError),
        (UpstreamTimeout("upstream_timeout", "m"), "timeout_error", anthropic.DeadlineExceededError),
    ],
)
def test_errors_as_the_sdk_reads_them(error: GatewayError, kind: str, raised: type[anthropic.APIStatusError]) -> None:
    """Each is the exception that the SDK has for it, with our code, place and request id in its body; in mid-stream the same body."""
    body = anthropic_errors.render_error(error, "r1", "p@1")
    endpoint = httpx2.MockTransport(lambda _: httpx2.Response(error.status, headers={"content-type": "application/json"}, content=body))
    sdk = anthropic.Anthropic(api_key="k", base_url="http://x", http_client=httpx2.Client(transport=endpoint), max_retries=0)
    with pytest.raises(raised) as caught:
        sdk.messages.create(model="m", max_tokens=5, messages=[])
    said = caught.value.body
    assert (said["type"], said["request_id"], said["error"]["type"]) == ("error", "r1", kind)
    assert (said["error"]["code"], said["error"]["message"], said["error"]["param"]) == (error.code, error.message, error.param)
    is_verdict = isinstance(error, PolicyViolation)
    assert said["error"]["oddgate"] == {
        "request_id": "r1", "policy": "p@1", **({"rules": ["r"], "reasons": ["w"]} if is_verdict else {}),
    }  # fmt: skip
    event = anthropic_errors.render_error_event(error, "r1", "p@1")
    assert event.startswith(b"event: error\ndata: ")
    assert json.loads(event.splitlines()[1][6:]) == said
