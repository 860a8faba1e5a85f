"""What of a prompt is its template: the text without the values that an application fills in.

What has a digit, an at sign or a slash in it, what stands in quotation marks, and words with a capital letter at their beginning (names,
and with them the first words of sentences) count for nothing, nor does how the text is laid out. So a change of the template by such words
alone is not seen, nor one behind its beginning; and a value of other words makes it another template.
"""

import re

MAX_CHARS = 4000
MAX_WORDS = 200
"""That count: what comes behind them does not, so that the length of a value before them is no change."""

_QUOTED = re.compile(r"\"[^\"\n]{0,200}\"|“[^”\n]{0,200}”|«[^»\n]{0,200}»")
_VALUED = re.compile(r"[0-9@/]")
_MARKS = "\"'“”„«»‘’()[]{}<>*_#.,:;!?-–—"


def template(prompt: str) -> str:
    """The same of prompts that differ in values alone; empty where nothing else is there."""
    fixed: list[str] = []
    for word in _QUOTED.sub(" ", prompt[:MAX_CHARS]).split():
        letters = word.strip(_MARKS)
        if not letters or _VALUED.search(letters) or (letters[0].isupper() and not letters.isupper()):
            continue
        fixed.append(letters)
        if len(fixed) == MAX_WORDS:
            break
    return " ".join(fixed)
