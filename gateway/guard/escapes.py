r"""Text in which JSON escapes stand, as tools' results do (``{"note": "call\n415-555-0132"}``), as its readers will read it.

A detector that takes ``\n415`` for a word misses the number, and nobody finds ``Jos\u00e9``. So detectors are shown a view with the
escapes undone, however often they were escaped, and what they find is brought back to the offsets of the text as it stands.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from detectors.finding import Finding
from gateway.wire.jsontext import is_json

# Possessive, and from a run's first backslash only: in time that grows with the text alone.
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u([0-9A-Fa-f]{4})|[bfnrt])")


@dataclass(frozen=True, slots=True)
class View:
    """``is_whole``: the text is JSON, so that the view is what it says; else the backslashes may mean themselves."""

    text: str
    is_whole: bool
    _points: tuple[int, ...]
    _origins: tuple[int, ...]

    def back(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings at the offsets of the text that the view is of."""
        return [replace(finding, start=self._origin(finding.start), end=self._origin(finding.end)) for finding in findings]

    def _origin(self, offset: int) -> int:
        index = bisect_right(self._points, offset) - 1
        return self._origins[index] + offset - self._points[index]


def view(text: str) -> View | None:
    """None where there is nothing to undo."""
    if "\\" not in text:
        return None
    pieces: list[str] = []
    points, origins, length, end = [0], [0], 0, 0
    for escape in _ESCAPE.finditer(text):
        pieces += (text[end : escape.start()], _character(escape[1]))
        length += escape.start() - end + 1
        end = escape.end()
        points.append(length)
        origins.append(end)
    if not end:
        return None
    return View("".join([*pieces, text[end:]]), bool(is_json(text)), tuple(points), tuple(origins))


def unescaped(value: str) -> str:
    """What a value that was found in a text stands for."""
    seen = view(value)
    return seen.text if seen else value


def _character(digits: str | None) -> str:
    character = chr(int(digits, 16)) if digits else "\n"
    return " " if "\ud800" <= character <= "\udfff" else character  # half of what is no part of any value
