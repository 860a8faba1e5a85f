"""Secrets in the settings: written out, or better ``env:NAME`` or ``file:PATH``, read once when the settings are loaded.

They are ``SecretStr``: no ``repr``, log line or error shows one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr, ValidationInfo

_MAX_BYTES = 64 * 1024


def _resolve(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    kind, _, name = value.partition(":")
    if kind == "env":
        value = _from_environment(name, (info.context or {}).get("env", {}))
    elif kind == "file":
        value = _from_file(name)
    return _usable(value)


def _from_environment(name: str, env: Mapping[str, str]) -> str:
    if name not in env:
        raise ValueError(f"the environment variable {name} is not set")
    return env[name]


def _from_file(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"the file {name} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise ValueError(f"the file {name} has more than {_MAX_BYTES} bytes")
    return data.decode("utf-8", "replace").strip()


def _usable(value: str) -> str:
    """Secrets go into HTTP headers."""
    if not value:
        raise ValueError("the secret is empty")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("the secret holds a line break or another character that no HTTP header may hold")
    return value


Secret = Annotated[SecretStr, BeforeValidator(_resolve)]
"""Needs ``context={"env": …}`` where ``env:`` is to be understood."""
