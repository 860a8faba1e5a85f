"""Whether a condition can be answered at all: it is tried when its policy is loaded, on exchanges that are made up for it.

What compiles may still fail for every exchange, or wherever a part of it is asked: a division by zero, a pattern or a time that is none, a
key that no finding has. Its rule would then do what it does about errors, for all traffic. What hangs on values that only traffic has
(levels of signals, keys of a mapping) is left alone.
"""

import re
from collections.abc import Iterator
from functools import partial

from policies.conditions import Circumstances, Condition
from policies.problems import allowed
from policies.subject import NO_SIGNALS, Asked, Signals, Subject
from policies.verdict import Action, Fired
from policies.vocabulary import Scope

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
_WRONG_TYPES = "No matching overloads"


def unanswerable(condition: Condition) -> str | None:
    """Why it has no answer, in one line; None: nothing is known against it."""
    bare, strings = without_strings(condition.text)
    problem = _bad_constant(bare, strings) or (_unknown_key(bare, strings) if condition.needs_findings else None)
    if problem is None:
        failure = _failure(condition, may_hang_on_keys="signals." in bare or "{" in bare)
        problem = failure and f"this can never be answered: {failure}"
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


def _failure(condition: Condition, *, may_hang_on_keys: bool = False) -> str | None:
    """None: some exchange has an answer. Wrong types are wrong in every exchange that is like this one."""
    failures: list[str | None] = []
    for exchange in _exchanges():
        failure = condition.failure(exchange.activation(condition.names))
        if failure and _WRONG_TYPES in failure:
            return failure
        failures.append(failure)
        if None in failures and len(failures) > 1:
            return None
    return None if may_hang_on_keys else failures[-1]


def _exchanges() -> Iterator[Circumstances]:
    """One with nothing in it, one with some of everything, one with much."""
    yield Circumstances(Subject("", "", ""), Asked(), NO_SIGNALS)
    for much in (1, _MANY):
        signals = Signals(incident_severity=much, incidents_open=much)
        asked = Asked(stream=True, messages=much, chars=4 * much, max_tokens=much, tools=("1",) * much)
        about = Circumstances(Subject("1", "1", "1", "1", "1", "1"), asked, signals)
        about.found(Scope.USER, [Fired("1", "1.1", 0, 1, 0.5, Action.FLAG, shadow=False)] * much)
        yield about
