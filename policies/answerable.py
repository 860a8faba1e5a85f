"""Whether a condition can be answered at all: it is tried when its policy is loaded, on exchanges that are made up for it.

What compiles may still fail for every exchange, or wherever a part of it is asked: a division by zero, a pattern or a time that is none, a
key that nothing has. Its rule would then do what it does about errors, for all traffic. So the whole and each operand of ``&&``, ``||`` and
``?:`` is tried by itself, on exchanges that say who asks and for which every signal that it names has a level. Only what hangs on values
that traffic alone has (a key that is made of them, what is left of a list) is let go.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from policies.conditions import Circumstances, Condition, ConditionError
from policies.problems import allowed
from policies.subject import Asked, Signals, Subject
from policies.verdict import Action, Fired
from policies.vocabulary import ALL_TEXT, Scope

_KEYS = ("rule", "kind", "entity", "scope", "score")
_MANY = 1000
_STRING = r"[rR]?(?:\"{3}(?s:.*?)\"{3}|'{3}(?s:.*?)'{3}|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
_TOKENS = re.compile(rf"(?P<string>{_STRING})|//[^\n]*")
_GIVEN = r"\(\s*#(\d+)\s*\)"
_PARTS = (
    (re.compile(rf"\.\s*matches\s*{_GIVEN}"), "''.matches({})"),
    (re.compile(rf"\.\s*get[A-Z]\w*\s*{_GIVEN}"), "timestamp(0).getHours({}) == 0"),
    (re.compile(rf"\btimestamp\s*{_GIVEN}"), "timestamp({}) == timestamp(0)"),
    (re.compile(rf"\bduration\s*{_GIVEN}"), "duration({}) == duration('0s')"),
)
"""What is given a constant, and how that is tried by itself."""
_NOUGHT = re.compile(r"[/%]\s*0+(?![\w.])")
EACH = re.compile(r"\.\s*(?:exists|exists_one|existsOne|all|filter|map)\s*\(\s*(\w+)\s*,")
"""Names what stands for each one of a list."""
_LEVEL = re.compile(r"\bsignals\s*\.\s*(?:drift|disparity|anomaly)\s*\.\s*(\w+)")
_LEVELS = frozenset({"signals.drift", "signals.disparity", "signals.anomaly"})
_SAID = frozenset({*(f"exchange.{name}" for name in ("app", "model", "surface", "user", "session", "group", "tools")), "findings"})
_FORMS = ("1s", "2026-01-01T00:00:00Z", "true")
"""What a label may be, besides a number and what the condition itself names."""
_MOST_NAMED = 8
_MOST_KEYS = 16
_OPERATORS = re.compile(r"&&|\|\||[?:]|[(\[{]|[)\]}]")
_LEFT = re.compile(r"\.\s*(?:filter|map)\s*\(")
_WRONG_TYPES = "No matching overloads"
_NO_BOOLEAN = "it gives neither true nor false"
_NO_KEY = re.compile(r'Key not found in map : "(.*)"')
_LISTS = frozenset({"findings", "exchange.tools"})
_OF_WHAT_IS_LEFT = ("Index error", "divide by zero", "modulus by zero")


def unanswerable(condition: Condition) -> str | None:
    """Why it has no answer, in one line; None: nothing is known against it."""
    bare, strings = without_strings(condition.text)
    problem = _bad_constant(bare, strings) or (_unknown_key(bare, strings) if condition.needs_findings else None)
    if problem is None:
        named = _named(strings)
        failures = (_failure(condition, named), *(_failure_of_part(part, strings, named) for part in _operands(bare)))
        problem = next((f"this can never be answered: {failure}" for failure in failures if failure), None)
    return problem


def without_strings(text: str) -> tuple[str, list[str]]:
    """The expression with ``#`` and its number for each of its strings, and without comments; and the strings as they are written."""
    strings: list[str] = []
    return _TOKENS.sub(partial(_noted, strings), text), strings


def _noted(strings: list[str], token: re.Match[str]) -> str:
    if token["string"] is None:
        return ""
    strings.append(token["string"])
    return f"#{len(strings) - 1}"


def _bad_constant(bare: str, strings: list[str]) -> str | None:
    for part, trial in _PARTS:
        for number in part.findall(bare):
            constant = strings[int(number)]
            failure = _failure(Condition(trial.format(constant)))
            if failure:
                return f"{_shown(constant)} can never be used: {failure}"
    return "this can never be answered: there is a division by zero" if _NOUGHT.search(bare) else None


def _shown(constant: str) -> str:
    return " ".join(constant.split())[:80]


def _unknown_key(bare: str, strings: list[str]) -> str | None:
    """A mapping of the condition's own has keys of its own."""
    if "{" in bare:
        return None
    for name in EACH.findall(bare):
        for key, number in re.findall(rf"(?<![\w.]){name}\s*(?:\.\s*(\w+)(?!\w|\s*\()|\[\s*#(\d+)\s*\])", bare):
            said = key or strings[int(number)].strip("rR\"'")
            if said not in _KEYS:
                return f"a finding has no {said}; {allowed(said, _KEYS)}"
    return None


def _named(strings: list[str]) -> list[str]:
    """The strings that a value of traffic may be equal to."""
    bare = (string.lstrip("rR").strip("\"'") for string in strings)
    return list(dict.fromkeys(string for string in bare if string and "\\" not in string))[:_MOST_NAMED]


def _operands(bare: str) -> Iterator[str]:
    """Of the operators that may leave one of theirs unasked, as deep as parentheses go; none where it has none of these."""
    cuts, depth = [0], 0
    for token in _OPERATORS.finditer(bare):
        if token[0] in "([{":
            depth += 1
        elif token[0] in ")]}":
            depth -= 1
        elif depth == 0:
            cuts += token.span()
    cuts.append(len(bare))
    parts = [bare[start:end].strip() for start, end in zip(cuts[::2], cuts[1::2], strict=True)]
    for part in parts:
        inner = part.lstrip("! \n\t")
        if _is_in_parentheses(inner):
            yield from _operands(inner[1:-1])
        elif len(parts) > 1:
            yield part


def _is_in_parentheses(text: str) -> bool:
    """As a whole."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return at > 0 and at == len(text) - 1
    return False


def _failure_of_part(part: str, strings: list[str], named: list[str]) -> str | None:
    try:
        condition = Condition(re.sub(r"#(\d+)", lambda given: strings[int(given[1])], part))
    except ConditionError:
        return None  # by itself it is no condition
    failure = _failure(condition, named)
    return None if failure == _NO_BOOLEAN else failure


def _failure(condition: Condition, named: Sequence[str] = ()) -> str | None:
    """None: some exchange has an answer, or traffic may have one. Wrong types are wrong in every exchange that is like this one."""
    failures: list[str] = []
    for value, much in _samples(condition, named):
        failure = _failure_for(condition, value, much, named)
        if failure is None or _WRONG_TYPES in failure:
            return failure
        failures.append(failure)
    return None if _hangs_on_traffic(condition, failures) else failures[0]


def _samples(condition: Condition, named: Sequence[str]) -> Iterator[tuple[str, int]]:
    """What labels, tools and rules are called, and how much there is of everything."""
    yield "1", 1
    yield "1", _MANY
    if condition.names & _SAID:
        for value in (*named, *_FORMS):
            yield value, 1


def _failure_for(condition: Condition, value: str, much: int, named: Sequence[str]) -> str | None:
    """Each level that it asks for is there."""
    keys = {*named, *_LEVEL.findall(condition.text)}
    for _ in range(_MOST_KEYS):
        failure = condition.failure(_exchange(value, much, named, keys).activation(condition.names))
        missing = _NO_KEY.fullmatch(failure) if failure and condition.names & _LEVELS else None
        if missing is None or missing[1] in keys:
            return failure
        keys.add(missing[1])
    return None


def _exchange(value: str, much: int, named: Sequence[str], keys: Iterable[str]) -> Circumstances:
    """No two counts are alike, so that what divides by a difference is not nought."""
    levels = dict.fromkeys(keys, float(much))
    signals = Signals(levels, levels, levels, incident_severity=much, incidents_open=much)
    asked = Asked(stream=True, messages=much, chars=16 * much, max_tokens=5 * much, tools=(value,) * (2 * much))
    about = Circumstances(Subject(value, value, value, value, value, value), asked, signals)
    for scope in ALL_TEXT:
        about.found(scope, [_fired(value, kind) for kind in named])
    about.found(Scope.USER, [_fired(value, f"1.{value}")] * (3 * much))
    return about


def _fired(rule: str, kind: str) -> Fired:
    return Fired(rule, kind, 0, 1, 0.5, Action.FLAG, shadow=False)


def _hangs_on_traffic(condition: Condition, failures: Sequence[str]) -> bool:
    """A key that is another for other exchanges, and what is left of a list, are not known before there is traffic."""
    if len({failure for failure in failures if _NO_KEY.fullmatch(failure)}) > 1:
        return True
    is_left = _LEFT.search(condition.text) is not None and not condition.names.isdisjoint(_LISTS)
    return is_left and all(failure.startswith(_OF_WHAT_IS_LEFT) for failure in failures)
