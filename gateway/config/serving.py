"""Who is served, by what policies, and by which endpoints."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Count, HeaderName, Host, MegaBytes, Port, Seconds, Section, http_parts
from gateway.secret import Secret
from policies.vocabulary import Glob, Name


class Listen(Section):
    host: Host = "127.0.0.1"
    port: Port = 8080
    """0: any free one."""
    admin_host: Host = "127.0.0.1"
    admin_port: Port = 8081
    admin_token: Secret | None = None
    """Required where ``admin_host`` is not this machine alone."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that serve the data side. What is bounded is bounded in each of them, but for the store of placeholders."""
    max_body_mb: MegaBytes = 32
    max_upload_mb: MegaBytes = 512
    """Of a file that is judged as it comes, without being kept."""
    max_upload_rows: Count = 100_000
    """Of a file of rows, with those that are empty. APIs take 50,000 or 100,000 requests in the file of a batch."""
    upload_timeout_s: Seconds = 3600
    """How long an upload may take altogether."""
    max_connections: Count = 4096
    header_timeout_s: Seconds = 15
    body_timeout_s: Seconds = 30
    write_timeout_s: Seconds = 120
    """How long a client may take none of its answer."""
    drain_timeout_s: Seconds = 30
    """How long exchanges in flight may take when the gateway is stopped."""


class Policies(Section):
    dir: Path | None = None
    """None: the policies that come with the package."""
    default: Name = "default"
    keep_dir: Path = Path("var")
    """Where the last good policies are kept, and what has become of rollouts."""


def _origin(url: str) -> str:
    """``https://host/prefix``, without the ``/v1`` that the gateway's own paths begin with."""
    parts = http_parts(url)
    if parts is None:
        raise ValueError("this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must not hold a password; use api_key or headers")
    if parts.query or parts.fragment:
        raise ValueError("a base URL has no ?query or #fragment")
    path = re.sub(r"(/+v1)?/*$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _forwardable(name: str) -> str:
    if name.lower().startswith("x-oddgate-"):
        raise ValueError(f"the header {name} is for the gateway alone")
    if name.lower() in ("traceparent", "tracestate", "baggage"):
        raise ValueError(f"the header {name} goes on by itself, as far as it may; leave it out")
    return name


class Upstream(Section):
    """An LLM endpoint."""

    name: Name
    dialect: Literal["openai", "anthropic", "azure", "any"] = "any"
    """Whose API it speaks, and how it takes its key; ``any``: whatever it is asked in."""
    base_url: Annotated[str, Field(max_length=2000), AfterValidator(_origin)]
    """With or without ``/v1`` at its end; kept without. Requests go to ``{base_url}/v1/chat/completions``."""
    api_key: Secret | None = None
    """None: the client's own key is forwarded."""
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)
    """Sent with every request besides, such as ``openai-organization``."""
    forward_headers: tuple[Annotated[HeaderName, AfterValidator(_forwardable)], ...] = ()
    """Of the client's, besides those that the APIs have: credentials, content types, ``openai-*``, ``anthropic-*`` and the like."""
    models: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    connect_timeout_s: Seconds = 10
    idle_timeout_s: Seconds = 120
    """Between two reads of an answer."""
    timeout_s: Seconds = 600
    """For the whole answer."""
    max_response_mb: MegaBytes = 64


class Route(Section):
    """Which upstreams serve a model, in the order in which they are tried."""

    models: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    to: Annotated[tuple[Name, ...], Field(min_length=1)]
    strategy: Literal["first_healthy"] = "first_healthy"


class Limits(Section):
    rpm: Count | None = None
    tpm: Annotated[int, Field(ge=1)] | None = None
    usd_per_day: Annotated[float, Field(gt=0)] | None = None


Label = Literal["user", "session", "group", "app"]


class Labels(Section):
    """What clients say of their requests, in headers: ``x-oddgate-user`` and the like."""

    trust: tuple[Label, ...] = ("user", "session")
    """Those that are read; the others are as if they had not been sent. ``app``: only where no applications are configured."""


class App(Section):
    """An application that may use the gateway, known by its key."""

    name: Name
    key: Secret
    policy: Name | None = None
    """None: the one that applies to it, else the default."""
    trust: tuple[Literal["user", "session", "group"], ...] | None = None
    """Which of its labels are read. None: those of ``labels.trust``."""
    limits: Limits | None = None
