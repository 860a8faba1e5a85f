"""How names are compared with the globs that policies and settings have for them."""

from fnmatch import fnmatchcase


def matches(value: str, glob: str) -> bool:
    """Whatever the letters' case."""
    return fnmatchcase(value.lower(), glob.lower())
