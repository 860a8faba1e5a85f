"""How deep a document may be that the library is asked about.

The library follows every alternative of a value anew. Where alternatives lead to the same part, as two kinds of node that both have
children do, the parts below are looked at twice at each level, and a document that is deep enough is never finished with. So it is
counted from the schema how often one value may be looked at, level by level, and documents end above the level where that is too much.
"""

from collections.abc import Iterator, Sequence

from detectors.parsers.contract import ParserError
from detectors.parsers.rules import Rule

MAX_LOOKS = 300
MAX_STEPS = 100_000
_LEAST_DEPTH = 3
_TOO_MANY = "its parts within parts are too many to check"


def depth(root: Rule, rules: Sequence[Rule], at_most: int) -> int:
    """How deep documents may be: ``at_most``, or less where alternatives multiply."""
    steps: dict[Rule, list[list[Rule]]] = {}
    left = MAX_STEPS
    for rule in rules:
        steps[rule] = list(_steps(rule))
        left -= len(steps[rule])
        if left < 0:
            raise ParserError("$", _TOO_MANY)
    looks = {rule: len(rule.closure) for rule in rules}
    for level in range(at_most):
        below = {rule: max([looks[rule], *(sum(looks[each] for each in step) for step in steps[rule])]) for rule in rules}
        if below == looks:
            return at_most
        if below[root] > MAX_LOOKS:
            if level < _LEAST_DEPTH:
                raise ParserError("$", _TOO_MANY)
            return level
        looks = {rule: min(count, MAX_LOOKS + 1) for rule, count in below.items()}
    return at_most


def _steps(rule: Rule) -> Iterator[list[Rule]]:
    """For each name and index: all that may be asked of the value there, as often as it may be asked."""
    names = {name for each in rule.closure for name in each.properties}
    for name in (*names, None):
        yield [child for each in rule.closure for child in _of_property(each, name)]
    for index in range(max((len(each.prefix) for each in rule.closure), default=0) + 1):
        yield [child for each in rule.closure for child in (each.of_item(index), *each.within) if child is not None]


def _of_property(rule: Rule, name: str | None) -> Iterator[Rule]:
    """Patterns are counted as if they all matched."""
    child = rule.properties.get(name, rule.additional) if name is not None else rule.additional
    if child is not None:
        yield child
    yield from (each for _, each in rule.patterns)
    yield from rule.within
