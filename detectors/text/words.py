"""The words of a text: runs of letters. Of a text in ASCII as fast as it goes."""

import re

_WORD = re.compile(r"[^\W\d_]+")
_ASCII_SPACES = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalpha()})


def words(text: str) -> list[str]:
    return text.translate(_ASCII_SPACES).split() if text.isascii() else _WORD.findall(text)
