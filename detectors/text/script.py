"""The script that most letters of a text are of, looked at here and there: microseconds, however long the text is."""

from bisect import bisect_right

_LOOKS = 64

# Where blocks of letters begin, and of which script they are; "" for what is of none, or of one that is not told apart.
_BLOCKS: tuple[tuple[int, str], ...] = (
    (0x0000, "latin"), (0x0370, "greek"), (0x0400, "cyrillic"), (0x0530, "armenian"), (0x0590, "hebrew"), (0x0600, "arabic"),
    (0x0700, ""), (0x0750, "arabic"), (0x0780, ""), (0x0870, "arabic"), (0x0900, "devanagari"), (0x0980, "bengali"),
    (0x0A00, "gurmukhi"), (0x0A80, "gujarati"), (0x0B00, ""), (0x0B80, "tamil"), (0x0C00, "telugu"), (0x0C80, "kannada"),
    (0x0D00, "malayalam"), (0x0D80, "sinhala"), (0x0E00, "thai"), (0x0E80, "lao"), (0x0F00, "tibetan"), (0x1000, "myanmar"),
    (0x10A0, "georgian"), (0x1100, "hangul"), (0x1200, "ethiopic"), (0x13A0, ""), (0x1780, "khmer"), (0x1800, ""), (0x1E00, "latin"),
    (0x1F00, "greek"), (0x2000, ""), (0x2C60, "latin"), (0x2C80, ""), (0x2DE0, "cyrillic"), (0x2E00, ""), (0x3040, "kana"),
    (0x3100, ""), (0x3130, "hangul"), (0x3190, ""), (0x31F0, "kana"), (0x3200, ""), (0x3400, "han"), (0xA000, ""), (0xAC00, "hangul"),
    (0xD800, ""), (0xF900, "han"), (0xFB00, "latin"), (0xFB13, ""), (0xFB1D, "hebrew"), (0xFB50, "arabic"), (0xFE00, ""),
    (0xFE70, "arabic"), (0xFF00, "latin"), (0xFF66, "kana"), (0xFFA0, "hangul"), (0xFFE0, ""), (0x20000, "han"), (0x323B0, ""),
)  # fmt: skip
_STARTS = tuple([start for start, _ in _BLOCKS])
_NAMES = tuple([name for _, name in _BLOCKS])


def script(text: str) -> str | None:
    """None: no letter was seen, or none of a script that is known here. Japanese is ``kana`` where it has any."""
    seen = text[:: len(text) // _LOOKS + 1]
    if text.isascii():
        return "latin" if any(map(str.isalpha, seen)) else None
    counts: dict[str, int] = {}
    for char in seen:
        if char.isalpha():
            name = _NAMES[bisect_right(_STARTS, ord(char)) - 1]
            counts[name] = counts.get(name, 0) + 1
    counts.pop("", None)
    if "kana" in counts:
        counts["kana"] += counts.pop("han", 0)
    return max(sorted(counts), key=counts.__getitem__) if counts else None
