"""An answer in a Markdown fence: the parser of the answer sees what is within."""

import re

from detectors.parsers.contract import NewParser, Parser, Violation

_OPENING = re.compile(r"[ \t\r\n]{0,60}```[^\n`]{0,32}\n")
_MAY_OPEN = re.compile(r"[ \t\r\n]{0,60}(?:`{0,2}|```[^\n`]{0,32})")
_CLOSING = re.compile(r"\n {0,3}```")
_MAY_CLOSE = re.compile(r"\n {0,3}`{0,2}\Z")
_LONGEST_CLOSING = 7


class Fenced:
    """A ``Parser`` of a text with or without a fence around it; nothing but space may be before or after a fence."""

    def __init__(self, inner: Parser) -> None:
        self._inner = inner
        self._kept = ""  # what may be a fence, or part of one
        self._is_open: bool | None = None  # None while it is not known whether there is a fence
        self._is_closed = False
        self._inner_at = 0  # where in the text the inner one begins
        self._read = 0
        self._violation: Violation | None = None

    def feed(self, text: str) -> Violation | None:
        if self._violation is None:
            self._read += len(text)
            self._violation = self._feed(self._kept + text)
        return self._violation

    def close(self) -> Violation | None:
        if self._violation is None:
            self._violation = self._close()
        return self._violation

    def _feed(self, text: str) -> Violation | None:
        if self._is_open is None:
            opening = _OPENING.match(text)
            if opening is None and _MAY_OPEN.fullmatch(text):
                self._kept = text
                return None
            self._is_open = opening is not None
            self._inner_at = opening.end() if opening else 0
            self._kept = ""
            text = text[self._inner_at :]
        if self._is_open and not self._is_closed:
            return self._within(text)
        return self._after(text) if self._is_closed else self._told(self._inner.feed(text))

    def _within(self, text: str) -> Violation | None:
        closing = _CLOSING.search(text)
        if closing is not None:
            self._is_closed = True
            self._kept = ""
            return self._told(self._inner.feed(text[: closing.start()])) or self._after(text[closing.end() :])
        tail = max(0, len(text) - _LONGEST_CLOSING)
        may_close = _MAY_CLOSE.search(text, tail)
        stop = may_close.start() if may_close else len(text)
        self._kept = text[stop:]
        return self._told(self._inner.feed(text[:stop]))

    def _after(self, text: str) -> Violation | None:
        rest = text.lstrip(" \t\r\n")
        return Violation(self._read - len(rest), "nothing may follow the fence") if rest else None

    def _close(self) -> Violation | None:
        if self._is_open and not self._is_closed:
            return Violation(self._read, "the fence is not closed")
        if self._is_open is None:
            self._told(self._inner.feed(self._kept))
        return self._told(self._inner.close())

    def _told(self, violation: Violation | None) -> Violation | None:
        return violation and Violation(self._inner_at + violation.at, violation.reason)


def in_fence(new_parser: NewParser) -> NewParser:
    """Parsers that take the answer with or without a fence."""
    return lambda: Fenced(new_parser())
