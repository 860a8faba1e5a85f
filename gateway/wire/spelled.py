"""Whether log probabilities spell the text beside them: only then what is decided of the text is decided of them.

White space does not count, nor do bytes of a letter that is cut in two, nor a model's own marks (``<|im_end|>``). What else a model might
have said in a token's place is no part of the text; it is a token for itself.
"""

import re
from collections.abc import Iterator

from gateway.wire.model import Json

_CUT = re.compile(r"\ufffd|(?:bytes:)?(?:\\x[89a-f][0-9a-f])+")
"""Bytes that are no letter by themselves, as APIs write them in a token."""
_MARK = re.compile(
    r"<\|(?:im_end|im_start|endoftext|end_of_text|eot_id|eom_id|eot|end|return|call|channel|message|start)\|>|</?(?:s|eos|think|end_of_turn)>"
)
_NO_TOKEN = re.compile(r"[0-9][^0-9A-Za-z]+[0-9]|[0-9A-Za-z]@")
"""No tokenizer makes one of these; they are pieces of a number or of an address."""
_MAX_ALTERNATIVES = 20
_KEYS = frozenset({"token", "logprob", "bytes", "top_logprobs"})


def spells(value: Json, said: list[str]) -> bool:
    """Whether the tokens are parts of the texts, in their order, and their bytes are theirs."""
    if isinstance(value, dict):
        tops = value.get("top_logprobs")
        lists = [item for key, item in value.items() if isinstance(item, list) and key != "top_logprobs"]
        is_more = any(isinstance(item, (str, dict)) for item in value.values())
        return not is_more and all(_is_spelled(tokens, said) for tokens in lists) and _are_alternatives(tops)
    return _is_spelled(value, said) if isinstance(value, list) else not value


def _is_spelled(tokens: list[Json], said: list[str]) -> bool:
    spelled = "".join([text for token in tokens if (text := _text(token)) is not None])
    pieces = _MARK.sub("\0", _CUT.sub("\0", spelled)).split("\0")
    text = "\0".join("".join(each.split()) for each in said)  # in which no piece goes from one text to the next
    return _has(text, ["".join(piece.split()) for piece in pieces]) and all(map(_is_true, tokens))


def _text(token: Json) -> str | None:
    if isinstance(token, dict):
        token = token.get("token")
    return token if isinstance(token, str) else None


def _has(text: str, pieces: list[str]) -> bool:
    """Whether the pieces stand in the text, in their order."""
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _is_true(token: Json) -> bool:
    """Whether a token's bytes and alternatives are what they are said to be, and it has nothing else that says something."""
    if not isinstance(token, dict):
        return not isinstance(token, list)
    rest = [key for key in token if key not in _KEYS]
    return (
        _has_own_bytes(token)
        and _are_alternatives(token.get("top_logprobs"))
        and not any(isinstance(token[key], (str, list, dict)) for key in rest)
    )


def _has_own_bytes(token: dict[str, Json]) -> bool:
    said, text = token.get("bytes"), token.get("token")
    if not said:
        return said is None or said == []
    if not (isinstance(said, list) and isinstance(text, str)) or not all(type(each) is int and 0 <= each < 256 for each in said):
        return False
    try:
        return bytes(each for each in said if isinstance(each, int)).decode() == text
    except UnicodeDecodeError:
        return bool(_CUT.search(text)) and all(each >= 128 or chr(each) in text for each in said if isinstance(each, int))


def _are_alternatives(value: Json) -> bool:
    """A list of tokens, or for each token an object that names them."""
    if not isinstance(value, list):
        return value is None
    alone = [each for each in value if not isinstance(each, dict) or "token" in each]
    return (
        len([each for each in alone if each is not None]) <= _MAX_ALTERNATIVES
        and not any(_NO_TOKEN.search(name) for each in value for name in _names(each))
        and all(_has_own_bytes(each) for each in alone if isinstance(each, dict))
    )


def _names(alternative: Json) -> Iterator[str]:
    if isinstance(alternative, dict):
        yield from [text] if (text := _text(alternative)) is not None else alternative
    elif isinstance(alternative, str):
        yield alternative
