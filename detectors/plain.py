"""A cheap look at a text that may have another reading than itself: most have none, and shall cost next to nothing.

It is taken on the bytes of UTF-8, each as one of a few classes, and only what that leaves open is looked at closely. ``is_plain`` never
says yes where a token of the text has another reading (see ``normalize``): a property test holds that.
"""

import re

from detectors.encoded import MIN_RUN, may_be_encoded

IDEOGRAPHS = "぀-ヿ㐀-䶿一-鿿가-힣"
GAP = rf" \t\n\r\f\v{IDEOGRAPHS}"
"""As ranges of a class, what no token goes on behind."""
_SIGNS = r"!-/:-?\[-`{-~"
_UNSEEN = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
    r"\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U0010ffff"
)
VEILED = rf"[{_SIGNS}]*+[{_UNSEEN}][{_SIGNS}{_UNSEEN}]*+"
"""A token of signs and what cannot be seen may part a number: ``415 - 555``."""
SUBJECT = re.compile(
    "[0-9A-Za-z@\\d²³¹\u2070-\u209f\u2100-\u214f\u2460-\u24ff\uff10-\uff19\uff20-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff]"
)
"""A token of another script that has none of these, and is not ``VEILED``, says nothing that a pattern could find."""

CALM = (
    r"\xa1-\xac\xae-\xb1\xb4\xb6-\xb8\xbb\xbf-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u2016-\u201f\u2022\u2026\u20ac\u3001，！？；"
    + IDEOGRAPHS
)
"""Characters beyond ASCII, as ranges of a class, that are what they are wherever they stand."""
_LETTERS = (
    "\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2c5f\u2c80-\u2dff\u3005-\u3007\u3031-\u3035\u303b\u303c\u3040-\ua6ff\ua800-\uab2f\uab70-\ufaff"
    "\ufb13-\ufdff\ufe70-\ufefe\uff66-\uffdc\U00010000-\U0001cfff\U0001e000-\U0001eeff\U00020000-\U000323af"
)
BOUNDARY = re.compile(rf"(?<=[{_LETTERS}])[0-9A-Za-z+(]|(?<=[0-9A-Za-z])[{_LETTERS}]")
"""What stands behind a boundary between a value and the letters and marks of a script other than Latin (whole blocks of them)."""
DOT = re.compile(r"(?<=[0-9A-Za-z])。(?=[0-9A-Za-z])")
"""A full stop of Chinese and Japanese where a name of the Internet has its dot."""

_VEILED_TOKEN = re.compile(rf"(?<![^{GAP}]){VEILED}(?![^{GAP}])")
_SPECIAL, _CLOSER, _OTHER = b"\1", b"\2", b"\3"
_LONG_RUN = b"x" * MIN_RUN
_PARTED_HEX = b":".join([b"xx"] * 8)
_RUN_END = re.compile(rb"[ :]")

# White space and dashes of prose are what they are where no number and no word holds them on both sides.
_BESIDE_NUMBER = rb"(?:(?=[0-9@.])|(?<=[0-9@]..)|(?<=[0-9@]...))"
_WITHIN_WORD = rb"(?:(?<=[^ \t\n\r\f\v]\xe2\x80.)(?=[^ \t\n\r\f\v]))"
_STRANGE_BYTES = (
    re.compile(rb"\xc2(?:[\x80-\x9f\xad\xb2\xb3\xb5\xb9\xba\xbc-\xbe]|\xa0" + _BESIDE_NUMBER + rb")", re.DOTALL),
    re.compile(rb"\xc4[\xb2\xb3\xbf]"),
    re.compile(rb"\xc5[\x80\x89\xbf]"),
    re.compile(
        rb"\xe2(?!\x80[\x98-\x9f\xa2\xa6]|\x82\xac)(?:(?!\x80[\x90-\x95\xaf])|\x80(?:[\x90-\x95]"
        + _WITHIN_WORD
        + rb"|."
        + _BESIDE_NUMBER
        + rb"))",
        re.DOTALL,
    ),
)
_STRANGE = re.compile(rf"[^\x00-\x7f。{CALM}]")


def _class(byte: int) -> int:
    char = chr(byte)
    if byte < 0x80:
        is_special = char in "\\%&" or byte < 9 or 14 <= byte < 32 or byte == 127
        return _SPECIAL[0] if is_special else byte if char == ":" else ord("x" if char.isalnum() or char in "+/_-=" else " ")
    if byte < 0xC0 or byte == 0xC3:
        return ord(" ")
    return _CLOSER[0] if byte in {0xC2, 0xC4, 0xC5, 0xE2} else _OTHER[0]


def _side(byte: int) -> int:
    if byte < 0x80:
        return ord("x" if chr(byte).isalnum() or chr(byte) in "+(" else " ")
    return 1 if byte < 0xC0 else 2 if byte >= 0xCD and byte != 0xE2 else ord(" ")


_RARE_LETTER = re.compile(rb"\xe2[\xb0-\xb7]")  # among the signs and dashes of all prose
_SIDES = bytes(map(_side, range(256)))
_CLASSES = bytes(map(_class, range(256)))


def is_plain(text: str) -> bool:
    """Whether no token of the text has another reading. It may say no too often."""
    data = text.encode("utf-8", "surrogatepass")
    classes = data.translate(_CLASSES)
    if _SPECIAL in classes or _PARTED_HEX in classes:
        return False
    if _is_strange(text, data, classes):
        return SUBJECT.search(text) is None and _VEILED_TOKEN.search(text) is None
    return not _has_telling_run(data, classes)


def _is_strange(text: str, data: bytes, classes: bytes) -> bool:
    if _OTHER in classes:
        return bool(_STRANGE.search(text) or DOT.search(text))
    return _CLOSER in classes and any(strange.search(data) for strange in _STRANGE_BYTES)


def may_have_boundary(text: str) -> bool:
    """Whether ASCII may stand beside another script (see ``BOUNDARY``)."""
    if text.isascii():
        return False
    data = text.encode("utf-8", "surrogatepass")
    sides = data.translate(_SIDES)
    return (b"\2" in sides and (b"x\2" in sides or b"\1x" in sides)) or _RARE_LETTER.search(data) is not None


def is_alone(text: str) -> bool:
    """Whether a text has no other reading than itself, boundaries included."""
    return is_plain(text) and not (may_have_boundary(text) and BOUNDARY.search(text))


def _has_telling_run(data: bytes, classes: bytes) -> bool:
    at = classes.find(_LONG_RUN)
    while at >= 0:
        after = _RUN_END.search(classes, at)
        end = after.start() if after else len(classes)
        if may_be_encoded(data[at:end].decode("ascii", "replace")):
            return True
        at = classes.find(_LONG_RUN, end)
    return False
