"""How names are compared with the globs that policies and settings have for them."""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase, translate


def matches(value: str, glob: str) -> bool:
    """Whatever the letters' case."""
    return fnmatchcase(value.lower(), glob.lower())


def first_of(rows: Sequence[Sequence[str]]) -> Callable[[str], int | None]:
    """Says which row is the first that has a glob that a value matches, in a fraction of the time that asking each one takes."""
    if not rows:
        return lambda value: None
    one = re.compile("|".join([f"({'|'.join([translate(glob.lower()) for glob in globs])})" for globs in rows]))

    def first(value: str) -> int | None:
        found = one.match(value.lower())
        return found.lastindex - 1 if found and found.lastindex else None

    return first
