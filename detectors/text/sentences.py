"""Where a sentence ends: a rule that looks one character ahead, so that a stream and the whole text agree."""

import re

MAX_CHARS = 1000
"""A sentence without an end is cut here, at the last white space if there is one: a bound on what a stream holds back."""

_ABBREVIATIONS = "".join(
    rf"(?<!\b{word})" for word in ("Mr", "Ms", "Mrs", "Dr", "Prof", "St", "Jr", "Sr", "Sra", "Dra", "vs", "No", "Apt", r"[^\W\d_]")
)
"""No sentence ends behind a title or an initial: a name would be cut from its sentence."""

_END = re.compile(rf"(?=[.!?…。！？]){_ABBREVIATIONS}[.!?…。！？]+[\"'”’)\]]*\s+(?=\S)|\s*\n\s*(?=\S)")


def sentence_end(text: str, start: int = 0) -> int | None:
    """The end (exclusive, trailing white space included) of the sentence that begins at ``start``, or None while it may still grow.

    Decided by ``text[start:end + 1]`` alone: appending to a text never moves an end that was found.
    """
    match = _END.search(text[start : start + MAX_CHARS + 1])  # a slice: what stands before it has no say
    if match:
        return start + match.end()
    if len(text) - start <= MAX_CHARS:
        return None
    cut = max(text.rfind(space, start + 1, start + MAX_CHARS) for space in " \t\n")
    return cut + 1 if cut > start else start + MAX_CHARS


def sentences(text: str) -> list[tuple[int, int]]:
    """The whole text as consecutive (start, end) pairs."""
    spans = []
    start = 0
    while start < len(text):
        end = sentence_end(text, start) or len(text)
        spans.append((start, end))
        start = end
    return spans
