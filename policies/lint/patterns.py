"""Patterns of a team's own that find more than is meant. What is unsafe has been refused at load."""

import re
from collections.abc import Iterator

from policies.lint.rules import Remark
from policies.policy import PatternSpec, Policy

_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL  # as detectors read them
_PROSE = """\
Hello, could you please help me with my order? It should have come on Monday, 14 October 2026, but the tracking page says "in transit".
I paid $1,299.00 for 2 items, and version 3.10.2 of the app shows an error (code 404) whenever I open it at half past eleven in the morning.
The meeting about the new product starts at 10:30 in room 12; nobody from the team in Berlin will join. Thanks a lot for your time!
"""
_REPEAT = re.compile(r"(?:[+*?]|\{[0-9,]*\})\Z")
_WORD_CLASS = re.compile(r"\\[wd]|\[(?!\^)[^\[\]]*(?:[A-Za-z0-9]-[A-Za-z0-9]|\\[wd])[^\[\]]*\]")


def pattern_remarks(policy: Policy) -> Iterator[Remark]:
    for index, rule in enumerate(policy.rules):
        for number, pattern in enumerate(rule.patterns):
            at = ("rules", index, "patterns", number, "regex")
            ordinary = {match[0] for match in re.finditer(pattern.regex, _PROSE, _FLAGS)}
            if len(ordinary) > 1 and pattern.validator is None:
                message = f"ordinary prose is full of values of this form ({len(ordinary)} in five sentences): make it narrower"
                yield at, "pattern-too-wide", message
            elif side := _open_side(pattern):
                yield at, "pattern-no-boundary", rf"it {side} with letters or digits and no \b: it is found within longer ones as well"


def _open_side(pattern: PatternSpec) -> str:
    """On which side a word may go on beyond a match. Only what is plain to see counts, and for ``spaced`` it has to be so."""
    if "spaced" in pattern.disguises:
        return ""
    regex = pattern.regex
    if regex[0].isalnum() or _WORD_CLASS.match(regex):
        return "begins"
    bare = _REPEAT.sub("", regex)
    is_letter = bare[-1:].isalnum() and bare[-2:-1] != "\\"
    return "ends" if is_letter or any(found.end() == len(bare) for found in _WORD_CLASS.finditer(bare)) else ""
