"""The bounds that a policy sets to answers: how long, of which form, which tools are called and with what. Held while an answer comes.

What is judged is the text as the app will see it. A text is out of bounds as soon as it can no longer come to be within them, so that of
the piece with which that happens nothing goes out; whether it is, does not depend on how it is cut. The arguments of a call are held until
they are whole, if a schema bounds them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.parsers.contract import MAX_CHARS, NewParser, Parser, Violation
from detectors.parsers.grammars import compile_grammar, compile_regex
from detectors.parsers.schemas import check_value, compile_schema
from gateway.guard.answer_uncertainty import UncertaintyWatch
from gateway.guard.broken import Broken, broken_choice
from gateway.wire.model import Channel, Event, Form, Json
from gateway.wire.spoken import AGAIN, choice_of, is_arguments, must_speak, refused_by
from policies.domain import Uncertainty
from policies.flows import FlowWatch, Spot, arguments, is_enforced
from policies.policy import Policy
from policies.verdict import Action, Fired
from policies.vocabulary import Mode, Scope

MAX_BROKEN = 64
"""Bounds that are named for one answer; each tool and choice counts."""
_MAX_NAMES = 50
_MAX_NAME = 256
_EMPTY = "the answer has no text"
_DISORDERED = "the parts of the answer come out of order"
_UNNAMED = "a call names no tool"


@dataclass(frozen=True, slots=True)
class _Arguments:
    """What a tool may be called with."""

    parser: NewParser
    of_value: Callable[[Json], Violation | None]

    def violation(self, text: str, form: Form) -> Violation | None:
        """No text is no argument; a text that is no JSON by its API is a string."""
        if form is not Form.JSON:
            return self.of_value(text)
        parser = self.parser()
        return parser.feed(text if text.strip() else "{}") or parser.close()


@dataclass(frozen=True, slots=True)
class AnswerBounds:
    """Of one policy, made ready; for any number of answers."""

    max_chars: int | None
    form: NewParser | None
    form_rule: str
    tools: frozenset[str] | None
    arguments: Mapping[str, _Arguments]
    output_action: Action
    tools_action: Action
    uncertainty: Uncertainty | None
    shadow: bool
    max_reasks: int
    """How often an answer may be asked for again; 0: none of the bounds asks for that."""
    holds_whole: bool
    """Whether nothing of an answer goes out before all of it is within bounds."""
    has_flows: bool
    """Whether arguments are looked at for values that must not be there."""


def compile_bounds(policy: Policy) -> AnswerBounds | None:
    """None: the policy sets none. Raises ``ParserError`` for a form that cannot be used, which no loaded policy has."""
    domain = policy.domain
    output, tools = domain.output, domain.tools
    key, form = _form(policy)
    unsure = output.uncertainty
    if output.max_chars is None and form is None and tools.allow is None and not tools.arguments and unsure is None and not policy.flows:
        return None
    of_output, of_tools = output.action or domain.action, tools.action or domain.action
    bounds_output, bounds_tools = output.max_chars is not None or form is not None, tools.allow is not None or bool(tools.arguments)
    actions = {of_output if bounds_output else None, of_tools if bounds_tools else None, unsure.action if unsure else None}
    shadow, asks_again = policy.mode is Mode.SHADOW, Action.REASK in actions
    waits = output.stream == "whole" or asks_again or (unsure is not None and unsure.action is Action.BLOCK)
    tells = any(is_enforced(flow, policy) and flow.to == Scope.OUTPUT and flow.action is Action.BLOCK for flow in policy.flows)
    return AnswerBounds(
        output.max_chars,
        form,
        f"domain.output.{key}",
        None if tools.allow is None else frozenset(tools.allow),
        {name: _Arguments(compile_schema(schema), check_value(schema)) for name, schema in tools.arguments.items()},
        of_output,
        of_tools,
        unsure,
        shadow,
        output.max_reasks if asks_again and not shadow else 0,
        (waits and not shadow) or tells,
        bool(policy.flows),
    )


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
    said: list[str] = field(default_factory=list)
    """All of it, where flows end in answers."""
    has_ended: bool = False


class Heard(NamedTuple):
    """A channel that may have come further. ``is_whole``: all of its text is out, or about to go."""

    channel: Channel
    scope: Scope
    form: Form
    is_whole: bool


class AnswerWatch:
    """Holds one answer to the bounds. ``may_reask``: what asks for another answer gets one; else it blocks.

    ``judge`` says what is out of bounds of that which is about to go out, each bound once for each choice or tool.
    """

    def __init__(self, bounds: AnswerBounds, *, may_reask: bool = False, flows: FlowWatch | None = None) -> None:
        self._bounds = bounds
        self._flows = flows
        self._may_reask = may_reask
        self._tellings: dict[int, _Telling] = {}
        self._calls: dict[Channel, str] = {}
        self._due: dict[Channel, str] = {}  # calls whose arguments have not been seen
        self._kept: dict[Channel, list[str]] = {}
        self._argued: set[Channel] = set()  # channels whose arguments have gone out whole
        self._quiet: set[int] = set()  # choices that need not say anything
        stops = bounds.tools_action.severity >= Action.BLOCK.severity and not bounds.shadow
        self._holds_arguments = stops or bool(flows and flows.blocks)
        self._known: set[tuple[str, str | int]] = set()
        unsure = bounds.uncertainty
        self.unsure = UncertaintyWatch(unsure, shadow=bounds.shadow, may_reask=may_reask) if unsure else None
        self._broken: list[Broken] = []
        self._is_over = False

    def judge(self, event: Event, out: dict[Channel, str], heard: Iterable[Heard], *, is_over: bool) -> list[Broken]:
        """``out`` are the texts that may go with this event, by channel: what has to wait is taken from it. ``heard`` are all channels that
        may have come further. ``is_over``: the answer ends here.
        """
        self._call(event.calls)
        for channel, scope, form, is_whole in heard:
            if is_arguments(channel, scope):
                if arguments := self._argue(channel, out.pop(channel, ""), form, is_whole=is_whole):
                    out[channel] = arguments
            elif text := out.get(channel):
                self._hear(event, channel, scope, text)
        for choice in event.finished:
            self._end(choice, must_speak=must_speak(event))
        for end in event.ends:
            self._end_calls(end)
        if is_over:
            self._end_all(must_speak=must_speak(event))
        found, self._broken = self._broken, []
        return found

    def _hear(self, event: Event, channel: Channel, scope: Scope, text: str) -> None:
        choice = choice_of(channel, scope)
        if choice is not None:
            if choice != AGAIN or event.is_end:  # before its last event a stream says texts over again one by one
                self._say(choice, channel, text)
        elif (refuses := refused_by(channel)) is not None:
            self._quiet.add(refuses)

    def _call(self, calls: Mapping[Channel, str]) -> None:
        allowed = self._bounds.tools
        for channel, said in calls.items():
            before = self._calls.get(channel)
            if said == before:
                continue  # an event says it over again
            tool = self._calls[channel] = ((before or "") + said)[:_MAX_NAME]  # SDKs join the pieces of a name
            self._quiet.add(channel[0] if isinstance(channel[0], int) else 0)
            if allowed is not None and tool not in allowed:
                self._break_tool("allow", channel, tool, _not_allowed(allowed))
            if tool in self._bounds.arguments and (isinstance(channel[0], int) or channel[0] in ("output", "data") or len(channel) == 1):
                self._due[channel] = tool

    def _say(self, choice: int, channel: Channel, text: str) -> None:
        """More of what a choice says."""
        telling = self._tellings.get(choice)
        if telling is None:
            telling = self._tellings[choice] = _Telling(self._bounds.form() if self._bounds.form else None)
            if self.unsure:
                self.unsure.speak(choice)
        if channel != telling.channel:
            if telling.channel:
                telling.before.add(telling.channel)
            telling.channel = channel
            if channel in telling.before:
                self._break_form(choice, telling, Violation(telling.length, _DISORDERED))
        if telling.has_ended and text:
            self._break_form(choice, telling, Violation(telling.length, _DISORDERED))
        telling.length += len(text)
        if self._flows and self._flows.end_in(Scope.OUTPUT):
            telling.said.append(text)
        longest = self._bounds.max_chars
        if longest is not None and telling.length > longest:
            self._break("domain.output.max_chars", choice, f"the answer has more than {longest} characters")
        if telling.parser:
            self._break_form(choice, telling, telling.parser.feed(text))

    def _argue(self, channel: Channel, text: str, form: Form, *, is_whole: bool) -> str:
        """More of the arguments of a call; what of them may go out."""
        if channel in self._argued and not text:
            return ""
        call = self._call_of(channel)
        tool = self._calls.get(call, "")
        if call not in self._calls:
            self._break_unnamed(channel)
        check = self._bounds.arguments.get(tool)
        if check is None and self._flows is None:
            return text
        kept = self._kept.setdefault(channel, [])
        kept.append(text)
        if not is_whole:
            return "" if self._holds_arguments else text
        self._argued.add(channel)
        self._due.pop(call, None)
        whole = "".join(self._kept.pop(channel))
        if check:
            self._break_arguments(call, tool, check.violation(whole, form))
        self._follow(call, tool, whole)
        return whole if self._holds_arguments else text

    def _follow(self, call: Channel, tool: str, whole: str) -> None:
        for path, text in arguments(whole) if self._flows else ():
            for fired in self._flows.crossing(Spot(Scope.TOOL_ARGUMENTS, tool, path), text) if self._flows else ():
                broken = Broken(call, Scope.TOOL_ARGUMENTS, fired, f"the arguments of {tool} hold what must not come to stand there")
                self._note((fired.rule, tool[:128]), broken)

    def _follow_said(self, choice: int, said: str) -> None:
        for fired in self._flows.crossing(Spot(Scope.OUTPUT), said) if self._flows and said else ():
            broken = Broken(("choices", max(choice, 0)), Scope.OUTPUT, fired, "the answer holds what must not come to stand there")
            self._note((fired.rule, max(choice, 0)), broken)

    def _end(self, choice: int, *, must_speak: bool) -> None:
        """A choice is over."""
        self._end_calls((choice,))
        telling = self._tellings.get(choice)
        if telling is None:
            if must_speak and self._bounds.form and choice not in self._quiet and AGAIN not in self._tellings:
                self._break(self._bounds.form_rule, choice, _EMPTY)
            return
        if not telling.has_ended:
            telling.has_ended = True
            if telling.parser:
                self._break_form(choice, telling, telling.parser.close())
            self._follow_said(choice, "".join(telling.said))

    def _end_all(self, *, must_speak: bool) -> None:
        """The answer is over."""
        self._end_calls(())
        for choice in [*self._tellings] or [0]:
            self._end(choice, must_speak=must_speak)
        if self.unsure and not self._is_over:
            self._broken += self.unsure.end()
        self._is_over = True

    def _end_calls(self, within: Channel) -> None:
        """The calls at and below a channel are over; of those that never had arguments it is known now."""
        for call in [call for call in self._due if call[: len(within)] == within]:
            tool = self._due.pop(call)
            self._break_arguments(call, tool, self._bounds.arguments[tool].violation("", Form.JSON))

    def _call_of(self, channel: Channel) -> Channel:
        """What is said over again may come before its call is."""
        heads = (channel, ("output", *channel[1:])) if channel[0] == "again" else (channel,)
        return next((head[:end] for head in heads for end in range(len(head), 0, -1) if head[:end] in self._calls), ())

    def _break_unnamed(self, channel: Channel) -> None:
        """Whose arguments these are is not known."""
        if self._bounds.tools is not None:
            self._break_tool("allow", channel[:-1], "", _not_allowed(self._bounds.tools))
        elif self._bounds.arguments:
            self._break_tool("arguments", channel[:-1], "", _UNNAMED)

    def _break_arguments(self, call: Channel, tool: str, violation: Violation | None) -> None:
        if violation:
            self._break_tool("arguments", call, tool, f"the arguments of {tool} are not what they must be: {violation.reason}")

    def _break_form(self, choice: int, telling: _Telling, violation: Violation | None) -> None:
        if violation and telling.parser:
            telling.parser = None
            self._break(self._bounds.form_rule, choice, violation.reason)

    def _break_tool(self, key: str, call: Channel, tool: str, reason: str) -> None:
        rule, action = f"domain.tools.{key}", self._action(self._bounds.tools_action)
        fired = Fired(rule, rule, 0, 0, 1.0, action, self._bounds.shadow)
        self._note((rule, tool[:128]), Broken(call, Scope.TOOL_ARGUMENTS, fired, reason))

    def _break(self, rule: str, choice: int, reason: str) -> None:
        action = self._action(self._bounds.output_action)
        self._note((rule, max(choice, 0)), broken_choice(rule, choice, action, reason, shadow=self._bounds.shadow))

    def _action(self, action: Action) -> Action:
        return Action.BLOCK if action is Action.REASK and not self._may_reask else action

    def _note(self, key: tuple[str, str | int], broken: Broken) -> None:
        if key not in self._known and (broken.stops or len(self._known) < MAX_BROKEN):
            self._known.add(key)
            self._broken.append(broken)


def _not_allowed(allowed: frozenset[str]) -> str:
    names = ", ".join(sorted(allowed)[:_MAX_NAMES])
    return f"a tool was called that is not allowed; allowed are: {names}" if names else "no tool may be called"
