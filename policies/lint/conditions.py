"""Conditions that hold always, or never.

Where an expression only compares single variables with constants, what it comes to depends on no more than on which side of each
constant a number lies, and on which of the named words a word is. So it is asked about one value of each kind, in every combination.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise, product
from math import prod

from policies.conditions import Circumstances, Condition, UndecidableError
from policies.lint.mentions import Mentions
from policies.lint.rules import Remark
from policies.objections import Catalog
from policies.policy import Policy
from policies.positions import Loc
from policies.signals import NAMES
from policies.subject import Asked, Signals, Subject
from policies.verdict import Action

_MOST = 2000
"""Combinations that are tried."""
_COUNTS = (  # never less than nothing
    "exchange.messages", "exchange.chars", "exchange.tokens", "signals.incident.severity", "signals.incident.open",
)  # fmt: skip
_WORDS = ("exchange.app", "exchange.model", "exchange.surface", "exchange.user", "exchange.session", "exchange.group")
_LEVEL = r"signals\.(?:drift|disparity|anomaly)\.[A-Za-z_]\w*"
_TOLD = re.compile(r"""\bsignals\s*\.\s*(drift|disparity|anomaly)\s*(?:\.\s*|\[\s*["'])([A-Za-z_]\w*)""")
_STRING = r"\"[^\"\\\n]*\"|'[^'\\\n]*'"
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?![\w.])"
_CONSTANT = rf"(?:{_STRING}|{_NUMBER})"
_EQUALS, _ORDERS = r"\s*(?:==|!=)\s*", r"\s*(?:==|!=|<=|>=|<|>)\s*"
_WORD_NAME = rf"(?:{'|'.join(map(re.escape, _WORDS))})(?![\w.(\[])"
_NUMBER_NAME = rf"(?:{'|'.join(map(re.escape, _COUNTS))}|exchange\.max_tokens|{_LEVEL})(?![\w.(\[])"
_FORMS = (
    rf"{_NUMBER_NAME}{_ORDERS}{_NUMBER}",
    rf"{_NUMBER}{_ORDERS}{_NUMBER_NAME}",
    rf"{_WORD_NAME}{_EQUALS}(?:{_STRING})",
    rf"(?:{_STRING}){_EQUALS}{_WORD_NAME}",
    rf"(?:{_NUMBER_NAME}|{_WORD_NAME})\s+in\s*\[\s*{_CONSTANT}(?:\s*,\s*{_CONSTANT})*\s*\]",
    rf"{_CONSTANT}{_ORDERS}{_CONSTANT}",
    r"exchange\.stream(?![\w.(\[])",
)
_COMPARISON = re.compile(rf"(?<![\w.\"'-])(?:{'|'.join(_FORMS)})")
_CONNECTED = re.compile(r"(?:\s|[!()]|&&|\|\||==|!=|true\b|false\b)*")
_NAME = re.compile(rf"{_WORD_NAME}|{_NUMBER_NAME}|exchange\.stream")

_Value = str | float | bool


def condition_remarks(policy: Policy, catalog: Catalog) -> Iterator[Remark]:
    mentions = Mentions(policy, catalog)
    for index, rule in enumerate(policy.rules):
        if rule.when is None:
            continue
        at: Loc = ("rules", index, "when")
        condition = Condition(rule.when)
        outcome = constant(condition)
        if outcome is not None:
            yield at, *_SAID[outcome]
        else:
            yield from ((at, "condition-undecided", said) for said in _unheard(condition, rule.on_error))
        yield from ((at, "no-effect", said) for said in mentions.amiss(rule.when))


def _unheard(condition: Condition, on_error: Action) -> Iterator[str]:
    """Levels of a name that nobody tells."""
    for kind, name in sorted(set(_TOLD.findall(condition.text))):
        known = NAMES[kind]
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.6)
            meant = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(known)}"
            yield f"nothing tells signals.{kind}.{name}: it has no answer, and on_error ({on_error}) is taken; {meant}"


_SAID = {
    True: ("condition-always-true", "this holds for every exchange; leave the key out"),
    False: ("condition-never-true", "this holds for no exchange: the rule can never fire"),
}


def constant(condition: Condition) -> bool | None:
    """What a condition always comes to; None: not always the same, or that is not known."""
    text = condition.text
    if not _CONNECTED.fullmatch(_COMPARISON.sub(" true ", text)):
        return None
    values = _values(text)
    if prod(map(len, values.values())) > _MOST or values.keys() >= {"exchange.chars", "exchange.tokens"}:  # one hangs on the other
        return None
    outcomes: set[bool] = set()
    for combination in product(*values.values()):
        try:
            outcomes.add(condition.holds(_circumstances(dict(zip(values, combination, strict=True)))))
        except UndecidableError:
            return None
        if len(outcomes) > 1:
            return None
    return outcomes.pop()


def _values(text: str) -> Mapping[str, Sequence[_Value]]:
    """For each variable one value of every kind that the expression can tell apart."""
    constants: dict[str, list[str]] = {}
    for comparison in _COMPARISON.findall(text):
        name = _NAME.search(re.sub(_STRING, "", comparison))
        if name:
            constants.setdefault(name[0], []).extend(re.findall(_CONSTANT, comparison))
    return {name: _kinds(name, said) for name, said in constants.items()}


def _kinds(name: str, constants: Sequence[str]) -> Sequence[_Value]:
    if name == "exchange.stream":
        return (False, True)
    if name in _WORDS:
        words = sorted({said[1:-1] for said in constants})
        return (*words, f"{words[-1]}~")
    numbers = sorted({float(said) for said in constants})
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    around = [number + way for number in (*numbers, *between) for way in (-1.0, 0.0, 1.0)]
    return sorted({value for value in around if value >= 0 or name not in _COUNTS} | {0.0})


def _circumstances(values: Mapping[str, _Value]) -> Circumstances:
    def word(name: str) -> str:
        return str(values.get(f"exchange.{name}", ""))

    def number(name: str) -> int:
        return int(values.get(name, 0))

    def levels(kind: str) -> dict[str, float]:
        before = f"signals.{kind}."
        return {name.removeprefix(before): float(value) for name, value in values.items() if name.startswith(before)}

    stream, most = bool(values.get("exchange.stream")), number("exchange.max_tokens")
    chars = number("exchange.chars") or 4 * number("exchange.tokens")
    return Circumstances(
        Subject(word("app"), word("model"), word("surface"), word("user"), word("session"), word("group")),
        Asked(stream, number("exchange.messages"), chars, most),
        Signals(
            levels("drift"),
            levels("disparity"),
            levels("anomaly"),
            number("signals.incident.severity"),
            number("signals.incident.open"),
        ),
    )
