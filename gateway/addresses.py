"""Where a gateway that runs can be reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """``demo`` is None where real upstreams are configured."""

    data: str
    admin: str
    demo: str | None


def http_url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
