"""What is told of exchanges to collectors, taken from applications, and read of inference servers; and what exchanges cost."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Host, MegaBytes, OtherHeaderName, Port, Section, http_parts
from gateway.secret import Secret
from policies.vocabulary import Glob, Name


def _collector(url: str) -> str:
    """``http://host:4318``, without the ``/v1/traces`` that spans go to."""
    return _address(url, "headers come from OTEL_EXPORTER_OTLP_HEADERS")


def _next_collector(url: str) -> str:
    return _address(url, "use forward_headers")


def _address(url: str, instead: str) -> str:
    parts = http_parts(url)
    if parts is None or parts.query or parts.fragment:
        raise ValueError("this is not the address of a collector; allowed: http://HOST[:PORT][/PREFIX], or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"an address must not hold a password; {instead}")
    return re.sub(r"(/+v1/traces)?/*$", "", url)


def _page(url: str) -> str:
    parts = http_parts(url)
    if parts is None or parts.fragment:
        raise ValueError("this is not the address of a page of metrics; allowed: http://HOST[:PORT]/PATH, or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not hold a password; use bearer_token or headers")
    return url


class ScrapeTarget(Section):
    """An inference server whose page of metrics (Prometheus) the watch reads."""

    name: Name
    url: Annotated[str, Field(max_length=2000), AfterValidator(_page)]
    kind: Literal["vllm", "tgi", "llamacpp", "any"] = "any"
    """Which metrics are taken, and what they mean; ``any``: all of them, by their own names."""
    interval_s: Annotated[float, Field(ge=1, le=150)] = 15
    bearer_token: Secret | None = None
    headers: dict[OtherHeaderName, Secret] = Field(default_factory=dict)


class Telemetry(Section):
    """What is told to others of exchanges, by the watch; and what applications tell of themselves, by way of the gateway."""

    logs: Literal["text", "json"] = "text"
    """How the gateway and the watch write their own log, to standard error: lines for people, or an object a line."""
    otlp_endpoint: Annotated[str, Field(max_length=2000), AfterValidator(_collector)] | None = None
    """Of an OpenTelemetry collector, by HTTP. None: no spans are made."""
    otlp_logs: bool = False
    """Whether the gateway's and the watch's own log goes to that collector, too."""
    guardrail_conventions: Literal["none", "a", "b"] = "none"
    """By which of the drafts guards' spans are named besides."""
    receive: bool = False
    """Whether applications' own telemetry is taken (OTLP over HTTP), for the policies that name it to redact."""
    receive_host: Host = "127.0.0.1"
    receive_port: Port = 4318
    receive_token: Secret | None = None
    """Required where ``receive_host`` is not this machine alone and no applications are configured, whose keys are asked for else."""
    receive_max_mb: MegaBytes = 16
    """Of one export, unpacked."""
    forward: Annotated[str, Field(max_length=2000), AfterValidator(_next_collector)] | None = None
    """The collector that gets what was redacted, by HTTP. None: it goes no further."""
    forward_headers: dict[OtherHeaderName, Secret] = Field(default_factory=dict)
    """What the collector asks for, such as ``authorization``."""
    spool_mb: Annotated[int, Field(ge=0, le=65_536)] = 64
    """How much of what was received is put by for the watch, in short, after redaction, and of the gateway's and the watch's own log
    (``received`` in ``watch.dir``). 0: nothing.
    """
    scrape: Annotated[tuple[ScrapeTarget, ...], Field(max_length=64)] = ()


Usd = Annotated[float, Field(ge=0, le=1_000_000)]


class ModelPrice(Section):
    """What models cost, in US dollars for a million tokens."""

    models: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)]
    """Those that it is for. Metrics call them by the first."""
    input: Usd
    output: Usd
    cached_input: Usd | None = None
    """Of what is read from the provider's cache; None: as any other input."""
    cache_write: Usd | None = None
    """Of what is put there; None: as any other input."""
