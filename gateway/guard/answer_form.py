"""What the choices of an answer say, held to a length and a form.

A form is that of a choice's own text. Whoever refuses, calls a tool, or was cut off by a filter owes none; any other answer breaks it that
is over without a text of a choice, and so does a text elsewhere that a reader may take for one. All of these, refusals too, have a length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from detectors.parsers.contract import MAX_CHARS, NewParser, Parser, Violation
from detectors.parsers.grammars import compile_grammar, compile_regex
from detectors.parsers.schemas import compile_schema
from gateway.guard.broken import Broken, broken_choice
from gateway.wire.model import Channel
from gateway.wire.spoken import AGAIN
from policies.domain_parts import action_of
from policies.policy import Policy
from policies.verdict import Action
from policies.vocabulary import Mode

_TOO_LONG = "domain.output.max_chars"
_EMPTY = "the answer has no text"
_DISORDERED = "the parts of the answer come out of order"
_ASTRAY = "a text stands where it is none of the answer's"
_ALONE = "the answer is to be that alone, without a code fence (```) or a word around it"


@dataclass(frozen=True, slots=True)
class FormBounds:
    """Of one policy, made ready. ``rule`` names the form, if there is one."""

    max_chars: int | None
    form: NewParser | None
    rule: str
    action: Action
    shadow: bool


def compile_form(policy: Policy) -> FormBounds | None:
    """None: the policy bounds neither. Raises ``ParserError`` for a form that cannot be used, which no loaded policy has."""
    output = policy.domain.output
    key, form = _form(policy)
    if output.max_chars is None and form is None:
        return None
    action = action_of(policy.domain, ("output", "max_chars"), of_answer=True)
    return FormBounds(output.max_chars, form, f"domain.output.{key}", action, policy.mode is Mode.SHADOW)


def _form(policy: Policy) -> tuple[str, NewParser | None]:
    output = policy.domain.output
    longest = MAX_CHARS if output.max_chars is None else max(output.max_chars, 1)
    if output.json_schema is not None:
        return "json_schema", compile_schema(output.json_schema, max_chars=longest)
    if output.regex is not None:
        return "regex", compile_regex(output.regex, max_chars=longest)
    if output.grammar is not None:
        return "grammar", compile_grammar(output.grammar, max_chars=longest)
    return "", None


@dataclass(slots=True)
class _Telling:
    """The text of one choice so far."""

    parser: Parser | None
    length: int = 0
    channel: Channel = ()
    before: set[Channel] = field(default_factory=set)
    has_ended: bool = False


class FormWatch:
    """Holds one answer. Each method gives what is broken by it."""

    def __init__(self, bounds: FormBounds, *, may_reask: bool) -> None:
        self._bounds = bounds
        self._action = Action.BLOCK if bounds.action is Action.REASK and not may_reask else bounds.action
        self._tellings: dict[int, _Telling] = {}
        self._lengths: dict[int, int] = {}
        self._quiet: set[int] = set()  # choices that need not say anything

    def say(self, choice: int, channel: Channel, text: str) -> Iterator[Broken]:
        """More of what a choice says."""
        telling = self._tellings.get(choice)
        if telling is None:
            telling = self._tellings[choice] = _Telling(self._bounds.form() if self._bounds.form else None)
        if channel != telling.channel:
            if telling.channel:
                telling.before.add(telling.channel)
            telling.channel = channel
            if channel in telling.before:
                yield from self._break_form(choice, telling, Violation(telling.length, _DISORDERED))
        if telling.has_ended and text:
            yield from self._break_form(choice, telling, Violation(telling.length, _DISORDERED))
        telling.length += len(text)
        yield from self._count(choice, text)
        if telling.parser:
            yield from self._break_form(choice, telling, telling.parser.feed(text))

    def refuse(self, choice: int, text: str) -> Iterator[Broken]:
        """More of a refusal."""
        self.call(choice)
        yield from self._count(choice, text)

    def call(self, choice: int) -> None:
        """A choice calls a tool."""
        self._quiet.add(max(choice, 0))

    def stray(self, text: str) -> Iterator[Broken]:
        """A text that no choice says, and that may be taken for one."""
        yield from self._count(0, text)
        if self._bounds.form:
            yield self._broken(self._bounds.rule, 0, _ASTRAY)

    def end(self, choice: int, *, must_speak: bool) -> Iterator[Broken]:
        """A choice is over."""
        telling = self._tellings.get(choice)
        if telling is None:
            if must_speak and self._bounds.form and choice not in self._quiet and AGAIN not in self._tellings:
                yield self._broken(self._bounds.rule, choice, f"{_EMPTY}; {_ALONE}")
        elif not telling.has_ended:
            telling.has_ended = True
            if telling.parser:
                yield from self._break_form(choice, telling, telling.parser.close())

    def end_all(self, *, must_speak: bool) -> Iterator[Broken]:
        """The answer is over."""
        for choice in self._tellings:
            yield from self.end(choice, must_speak=must_speak)
        if not self._tellings and not self._quiet:
            yield from self.end(0, must_speak=must_speak)

    def _count(self, choice: int, text: str) -> Iterator[Broken]:
        longest = self._bounds.max_chars
        if longest is not None:
            self._lengths[choice] = length = self._lengths.get(choice, 0) + len(text)
            if length > longest:
                yield self._broken(_TOO_LONG, choice, f"the answer has more than {longest} characters")

    def _break_form(self, choice: int, telling: _Telling, violation: Violation | None) -> Iterator[Broken]:
        if violation and telling.parser:
            telling.parser = None
            yield self._broken(self._bounds.rule, choice, f"{violation.reason}; {_ALONE}")

    def _broken(self, rule: str, choice: int, reason: str) -> Broken:
        return broken_choice(rule, choice, self._action, reason, shadow=self._bounds.shadow)
