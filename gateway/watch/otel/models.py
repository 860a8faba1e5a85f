"""Which names of models may be told, in spans and as labels: a client may write anything there, and an endpoint may answer to anything.

Names that the settings have as they are (``models: [gpt-4o]``) always may. Any other only once an endpoint has answered to it, and only if
it does not look like a key or an id: one that was pasted at the wrong place is known by its beginning, or by a long word of letters and
digits.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from gateway.wire.keylike import looks_like_key

MAX_COUNTED = 100
"""Names that become labels, besides those of the settings."""
OTHER = "_OTHER"

_WILD = re.compile(r"[*?\[]")
_ID = re.compile(
    r"""(?<![A-Za-z0-9])
    (?: (?:rpa|nvapi|gsk|pplx|xai)[-_][A-Za-z0-9_-]{8,}
      | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12} )""",
    re.VERBOSE,
)
_LONG_WORD = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{20,}")


@lru_cache(1024)
def looks_secret(name: str) -> bool:
    return looks_like_key(name) or bool(_ID.search(name) or _LONG_WORD.search(name))


class ModelNames:
    """``configured`` are the patterns of the upstreams."""

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self._configured = frozenset(name for name in configured if not _WILD.search(name))
        self._counted: set[str] = set()

    def told(self, model: str, *, is_answered: bool) -> str:
        """Empty where it may not be."""
        return model if model in self._configured or (is_answered and not looks_secret(model)) else ""

    def counted(self, model: str, *, is_answered: bool) -> str:
        """As a label: those beyond the bound are ``OTHER`` together."""
        name = self.told(model, is_answered=is_answered)
        if not name or name in self._configured or name in self._counted:
            return name
        if len(self._counted) >= MAX_COUNTED:
            return OTHER
        self._counted.add(name)
        return name
