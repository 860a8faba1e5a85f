"""The styles in which a value is taken out of a text, one pure function each, and the one function that writes them in.

The fourth style, ``tokenize``, needs to know which placeholders an exchange has issued; it lives with them in the gateway.
"""

import hmac
import unicodedata
from collections.abc import Callable, Sequence

from policies.verdict import Edit

_SEPARATORS = "PSZ"  # Unicode categories: punctuation, symbols, spaces


def redact(entity: str) -> str:
    """The entity's name alone: ``[EMAIL_ADDRESS]``."""
    return f"[{entity}]"


def mask(value: str, keep: int = 4) -> str:
    """Every letter and digit but the last ``keep`` becomes ``*``; separators stay: ``****-****-****-1234``.

    A value of up to twice ``keep`` letters and digits shows none of them, for the rest would be guessed.
    """
    hidden = sum(not _is_separator(c) for c in value)
    if hidden > 2 * keep:
        hidden -= keep
    masked = []
    for character in value:
        if _is_separator(character) or hidden == 0:
            masked.append(character)
        else:
            masked.append("*")
            hidden -= 1
    return "".join(masked)


def _is_separator(character: str) -> bool:
    return unicodedata.category(character)[0] in _SEPARATORS


def hash_value(value: str, entity: str, key: bytes, app: str) -> str:
    """``EMAIL_ADDRESS_1f0c…``: the same for the same value, entity, app and key, so that values can be counted but not read."""
    parts = (part.encode("utf-8", "surrogatepass") for part in ("hash", app, entity, value))
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return f"{entity}_{hmac.digest(key, message, 'sha256').hex()[:10]}"


def apply(text: str, edits: Sequence[Edit], replacement: Callable[[Edit, str], str]) -> str:
    """The text with each edit's place replaced by ``replacement(edit, value)``. Edits are disjoint and in order, as a verdict's are."""
    if not edits:
        return text
    pieces: list[str] = []
    at = 0
    for edit in edits:
        pieces += (text[at : edit.start], replacement(edit, text[edit.start : edit.end]))
        at = edit.end
    pieces.append(text[at:])
    return "".join(pieces)
