"""What all sections of the settings are, and what many of them have."""

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
MegaBytes = Annotated[int, Field(ge=1, le=65_536)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Host = Annotated[str, Field(min_length=1, max_length=255)]
_HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
_OURS = frozenset(
    {"host", "content-length", "content-type", "connection", "transfer-encoding", "accept-encoding", "authorization", "te", "upgrade"}
)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _of_an_endpoint(name: str) -> str:
    if name.lower() in _OURS:
        raise ValueError(f"the header {name} is the gateway's own" + ("; use api_key" if name.lower() == "authorization" else ""))
    return name


def _of_a_collector(name: str) -> str:
    if name.lower() in _OURS - {"authorization"}:
        raise ValueError(f"the header {name} is the gateway's own")
    return name


HeaderName = Annotated[str, Field(pattern=_HEADER), AfterValidator(_of_an_endpoint)]
"""Of what is sent to an LLM endpoint besides."""
OtherHeaderName = Annotated[str, Field(pattern=_HEADER), AfterValidator(_of_a_collector)]
"""Of what is sent to anybody else: what it takes for a key is said there."""


def http_parts(url: str) -> SplitResult | None:
    """None where ``url`` is none of HTTP, with a host."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"[^!-~]", url)
    except ValueError:
        return None
    return parts if is_usable else None
