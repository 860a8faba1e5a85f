"""Azure's paths, and others' prefixes: the same surfaces under other names."""

import re
from dataclasses import replace
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Ask

Json = dict[str, Any]

_DEPLOYMENT = re.compile(r"/openai/deployments/(?P<deployment>[^/]+)(?P<rest>/.+)")
_RESOURCE = re.compile(r"/openai(?:/v1)?(?P<rest>/(?!v1(?:/|$)).+)")


def canonical(ask: Ask) -> Ask:
    """The same request under the path that its surface has at OpenAI or Anthropic."""
    if found := _DEPLOYMENT.fullmatch(ask.path):
        if "api-version" not in ask.query:
            raise RefusedRequestError("Resource not found", status=404, code="404")
        return replace(ask, path=f"/v1{found['rest']}", body=_for_deployment(ask.body, found["deployment"]), azure=True)
    if found := _RESOURCE.fullmatch(ask.path):
        return replace(ask, path=f"/v1{found['rest']}", azure=True)
    return replace(ask, path=ask.path.removeprefix("/anthropic"))


def _for_deployment(body: object, deployment: str) -> object:
    """A deployment is of one model: the body need not name it."""
    return body if not isinstance(body, dict) or body.get("model") else body | {"model": deployment}
