"""What is wrong with a file that a person wrote: where, and what would be right.

Both policies and settings are reported this way, one problem a line: ``file:line: key: what is wrong, what is allowed``.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_LISTED = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """``line`` counts from 1; 0 where there is no line (a folder, an environment variable). ``key`` is empty for the file as a whole."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """One line, whatever a key has in it."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        line = ": ".join(part for part in (place, self.key, self.message) if part)
        return line if line.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


class ProblemsError(Exception):
    """A file cannot be used; ``problems`` says why, all of it at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def key_of(loc: Sequence[str | int]) -> str:
    """``("rules", 0, "scope")`` is written ``rules[0].scope``."""
    key = ""
    for part in loc:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            key += f".{part}" if key else part
    return key


def allowed(wrong: str, choices: Collection[str]) -> str:
    """The end of a message: ``did you mean X? allowed: X, Y, Z``."""
    names = list(choices)
    close = get_close_matches(wrong, names, n=1, cutoff=0.7) or [n for n in names if n.casefold() == wrong.casefold()]
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}allowed: {listed or 'nothing'}"
