"""Conditions of rules (``when:``), in CEL, the Common Expression Language, by Google's own implementation.

    exchange.app, .model, .surface, .user, .session, .group    strings
    exchange.stream                                            a boolean
    exchange.messages, .chars, .tokens (estimated), .max_tokens                      whole numbers
    exchange.tools                                             all names of the tools that are offered
    exchange.time                                              a timestamp: exchange.time.getHours("Europe/Berlin")
    findings                                                   what rules without a condition on findings have found so far, each with
                                                               .rule, .kind, .entity, .scope, .score: findings.exists(f, f.score > 0.9)
    exchange.findings                                          a whole number: how many these are in all
    signals.drift, .disparity, .anomaly                        levels by name: signals.drift.topics > 0.25
    signals.incident.severity, .incident.open                  whole numbers

An expression is checked when it is compiled: unknown names, wrong types and anything but a boolean are errors there; and when its policy
is loaded it is tried (see ``answerable``). What can only be told with the values at hand, such as a signal that nobody has reported, is
``Undecidable``, and so is what asks for signals while those of their kind are stale. The language has no loops, and its own bounds on
depth and iterations; no request can reach these by having more in it:

* ``findings`` holds all there are up to 1,000. Of more it holds, for each rule, kind and scope, an equal share: those with the highest
  scores. So a condition on whether, or on at least how many times, something was found with some score or more has the same answer up to
  that share, and ``exchange.findings`` counts them all.
* ``exchange.max_tokens`` is 0 where a request says none, and more than any API takes where it says what is no number of tokens. Of several
  requests in one it is the largest.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from math import isnan
from typing import Any, Literal, get_args

from policies.subject import NO_SIGNALS, Asked, Signals, Subject
from policies.verdict import Fired
from policies.vocabulary import Scope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_FINDINGS = 1000
_MOST = 2**53
_ERROR = re.compile(r"[A-Z_]+: (.+)")


class ConditionError(ValueError):
    """A condition cannot be used; the message says why, in one line."""


NoAnswer = Literal["condition", "stale"]
"""``condition``: there is none for these values; ``stale``: it asks for signals, and those that there are are too old."""


UNDECIDED: frozenset[str] = frozenset(get_args(NoAnswer))


class UndecidableError(Exception):
    """A condition has no answer for these values."""

    def __init__(self, why: NoAnswer) -> None:
        super().__init__(why)
        self.why: NoAnswer = why


class Circumstances:
    """What the conditions of one exchange are asked about. ``found`` grows while it goes on."""

    def __init__(self, subject: Subject, asked: Asked, signals: Signals = NO_SIGNALS, time: datetime = _EPOCH) -> None:
        self.subject = subject
        self.asked = asked
        self.signals = signals
        self.time = time
        self.findings = _Findings()
        self._activations: dict[frozenset[str], Any] = {}

    def found(self, scope: Scope, fired: Sequence[Fired]) -> None:
        """Rules have fired."""
        for each in fired:
            if each.why == "match":
                self.findings.add((each.rule, each.kind, scope.value), float(each.score))
        self._activations.clear()

    def activation(self, names: frozenset[str]) -> Any:  # noqa: ANN401 the library's own
        """The values of these names as the library takes them; made when first asked for."""
        if names not in self._activations:
            self._activations[names] = _language().Activation({name: _VALUES[name](self) for name in names})
        return self._activations[names]


class _Findings:
    """Those so far, bounded: of the like of each (its rule, kind and scope) the highest scores, and how many there are in all."""

    def __init__(self) -> None:
        self.total = 0
        self._scores: dict[tuple[str, str, str], list[float]] = {}

    def add(self, like: tuple[str, str, str], score: float) -> None:
        self.total += 1
        if like not in self._scores and len(self._scores) >= _MAX_FINDINGS:
            return
        scores = self._scores.setdefault(like, [])
        scores.append(score)
        if len(scores) >= 2 * _MAX_FINDINGS:
            scores.sort(reverse=True)
            del scores[_MAX_FINDINGS:]

    def listed(self) -> list[dict[str, str | float]]:
        share = _MAX_FINDINGS if self.total <= _MAX_FINDINGS else _MAX_FINDINGS // len(self._scores)
        return [
            {"rule": rule, "kind": kind, "entity": kind.rpartition(".")[2], "scope": scope, "score": score}
            for (rule, kind, scope), scores in self._scores.items()
            for score in sorted(scores, reverse=True)[:share]
        ]


def _whole(number: float) -> int:
    """A count as the language takes it, with room to reckon."""
    return _MOST if isnan(number) else int(min(number, _MOST))


_VALUES: Mapping[str, Callable[[Circumstances], Any]] = {
    "exchange.app": lambda about: about.subject.app,
    "exchange.model": lambda about: about.subject.model,
    "exchange.surface": lambda about: about.subject.surface,
    "exchange.user": lambda about: about.subject.user,
    "exchange.session": lambda about: about.subject.session,
    "exchange.group": lambda about: about.subject.group,
    "exchange.stream": lambda about: about.asked.stream,
    "exchange.messages": lambda about: _whole(about.asked.messages),
    "exchange.chars": lambda about: _whole(about.asked.chars),
    "exchange.tokens": lambda about: _whole(about.asked.tokens),
    "exchange.max_tokens": lambda about: _whole(about.asked.max_tokens or 0),
    "exchange.findings": lambda about: about.findings.total,
    "exchange.tools": lambda about: list(about.asked.tools),
    "exchange.time": lambda about: about.time,
    "signals.drift": lambda about: dict(about.signals.drift),
    "signals.disparity": lambda about: dict(about.signals.disparity),
    "signals.anomaly": lambda about: dict(about.signals.anomaly),
    "signals.incident.severity": lambda about: _whole(about.signals.incident_severity),
    "signals.incident.open": lambda about: _whole(about.signals.incidents_open),
    "findings": lambda about: about.findings.listed(),
}


class Condition:
    """One expression, ready to be asked. ``names`` holds all that it mentions. ``needs_findings``: its answer may change while an exchange
    goes on.
    """

    def __init__(self, text: str) -> None:
        """Raises ``ConditionError``."""
        self.text = text
        try:
            self._expression = _language().compile(text)
        except ImportError:
            raise ConditionError("conditions need what is not installed: pip install 'oddgate[policies]'") from None
        except RuntimeError as error:
            raise ConditionError(_why(error)) from None
        kind = self._expression.return_type().name()
        if kind.upper() not in ("BOOL", "DYN"):
            raise ConditionError(f"it is no condition: it gives {kind.lower()}, not true or false")
        words = frozenset(re.findall(r"\w+", text))
        self.names = frozenset(name for name in _VALUES if words.issuperset(name.split(".")))
        self.needs_findings = "findings" in self.names
        self.signals = frozenset(name.split(".")[1] for name in self.names if name.startswith("signals."))
        """The kinds that it asks about."""
        self.needs_signals = bool(self.signals)

    def holds(self, circumstances: Circumstances) -> bool:
        """Raises ``UndecidableError``."""
        told = self.told(circumstances)
        if isinstance(told, str):
            raise UndecidableError(told)
        return told

    def told(self, circumstances: Circumstances) -> "Answer":
        if not circumstances.signals.answers(self.signals):
            return "stale"
        answer = self.answer(circumstances.activation(self.names))
        return "condition" if answer is None else answer

    def answer(self, activation: Any) -> bool | None:  # noqa: ANN401 the library's own
        """The answer for values of at least its names; None: there is none."""
        value = _value(self._expression, activation)
        return value if isinstance(value, bool) else None

    def failure(self, activation: Any) -> str | None:  # noqa: ANN401 the library's own
        """Why there is no answer for values of at least its names; None: there is one."""
        value = _value(self._expression, activation)
        if isinstance(value, bool):
            return None
        said = _ERROR.match(value) if isinstance(value, str) else None  # how the library gives its errors
        return said[1] if said else "it gives neither true nor false"


Answer = bool | NoAnswer
Answers = tuple[Answer, ...]
"""One for each of several conditions."""


class Conditions:
    """Several conditions that are asked together, each once however often it is given. ``each`` has those on findings last."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        distinct = sorted(dict.fromkeys(conditions), key=lambda condition: condition.needs_findings)
        self.each = tuple(distinct)
        self._plain = _grouped([condition for condition in distinct if not condition.needs_findings])
        self._on_findings = _grouped([condition for condition in distinct if condition.needs_findings])

    def answers(self, circumstances: Circumstances, *, with_findings: bool) -> Answers:
        """One for ``each``. Before findings are known, a condition on them is taken to hold."""
        answers: list[Answer] = []
        for group in self._plain:
            answers += group.answers(circumstances)
        for group in self._on_findings:
            answers += group.answers(circumstances) if with_findings else [True] * len(group.conditions)
        return tuple(answers)


_TOGETHER = 16


def _grouped(conditions: Sequence[Condition]) -> list["_Group"]:
    return [_Group(conditions[at : at + _TOGETHER]) for at in range(0, len(conditions), _TOGETHER)]


class _Group:
    """Conditions as one expression, a list of them: most of what it costs to ask an expression is the same for a short and a long one.
    As the list has no answer where one of them has none, each is asked by itself then.
    """

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.conditions = conditions
        self._names = frozenset[str]().union(*[condition.names for condition in conditions])
        self._signals = frozenset[str]().union(*[condition.signals for condition in conditions])
        listed = ",".join([f"(\n{condition.text}\n)" for condition in conditions])  # the line's end ends a comment
        try:
            self._expression = _language().compile(f"[{listed}]")
        except RuntimeError:
            self._expression = None  # they are too deep for one more level

    def answers(self, circumstances: Circumstances) -> Sequence[Answer]:
        if self._expression and circumstances.signals.answers(self._signals):
            answers = _value(self._expression, circumstances.activation(self._names))
            if isinstance(answers, list):
                return [answer if isinstance(answer, bool) else "condition" for answer in answers]
        return [condition.told(circumstances) for condition in self.conditions]


def _value(expression: Any, activation: Any) -> Any:  # noqa: ANN401 the library's own
    """None: there is none."""
    try:
        return expression.eval(activation).plain_value()
    except RuntimeError:
        return None


def _why(error: RuntimeError) -> str:
    """The library's first line, without its codes: ``1:9: undeclared reference to 'exchange.apq'``."""
    line = str(error).splitlines()[0]
    return line.partition("<input>:")[2].partition(" (in container")[0] or line.partition(": ")[2] or line


@cache
def _language() -> Any:  # noqa: ANN401 the library's own; it is loaded where a policy has a condition
    from cel_expr_python import cel

    kinds = cel.Type
    levels = kinds.Map(kinds.STRING, kinds.DOUBLE)
    variables: Mapping[str, Any] = {
        **{f"exchange.{name}": kinds.STRING for name in ("app", "model", "surface", "user", "session", "group")},
        **{f"exchange.{name}": kinds.INT for name in ("messages", "chars", "tokens", "max_tokens", "findings")},
        "exchange.stream": kinds.BOOL,
        "exchange.tools": kinds.List(kinds.STRING),
        "exchange.time": kinds.TIMESTAMP,
        "signals.drift": levels,
        "signals.disparity": levels,
        "signals.anomaly": levels,
        "signals.incident.severity": kinds.INT,
        "signals.incident.open": kinds.INT,
        "findings": kinds.List(kinds.Map(kinds.STRING, kinds.DYN)),
    }
    return cel.NewEnv(variables=variables)
