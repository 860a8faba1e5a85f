"""The bounds that a policy sets to answers: how long, of which form, which tools are called and with what. Held while an answer comes.

What is judged is the text as the app will see it. A text is out of bounds as soon as it can no longer come to be within them, so that of
the piece with which that happens nothing goes out; whether it is, does not depend on how it is cut. The arguments of a call are held until
they are whole, if a schema bounds them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from detectors.parsers.contract import NewParser, Violation
from detectors.parsers.schemas import check_value, compile_schema
from gateway.guard.answer_form import FormBounds, FormWatch, compile_form
from gateway.guard.answer_uncertainty import UncertaintyWatch
from gateway.guard.broken import Broken
from gateway.guard.called import Calls, Name
from gateway.guard.flowing import AnswerFlows, is_called_with
from gateway.wire.model import Channel, Event, Form, Json
from gateway.wire.spoken import AGAIN, choice_of, is_arguments, is_astray, is_excused, refused_by
from policies.domain import Uncertainty
from policies.domain_parts import action_of
from policies.flows import FlowWatch, is_enforced
from policies.policy import Policy
from policies.verdict import Action, Fired
from policies.vocabulary import Mode, Scope

MAX_BROKEN = 64
"""Bounds that are named for one answer; each tool and choice counts."""
_MAX_NAMES = 50
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

    form: FormBounds | None
    tools: frozenset[str] | None
    arguments: Mapping[str, _Arguments]
    tools_action: Action
    uncertainty: Uncertainty | None
    shadow: bool
    max_reasks: int
    """How often an answer may be asked for again; 0: none of the bounds asks for that."""
    holds_whole: bool
    """Whether nothing of an answer goes out before all of it is within bounds."""


def compile_bounds(policy: Policy) -> AnswerBounds | None:
    """None: the policy sets none. Raises ``ParserError`` for a form that cannot be used, which no loaded policy has."""
    output, tools = policy.domain.output, policy.domain.tools
    form, unsure = compile_form(policy), output.uncertainty
    bounds_tools = tools.allow is not None or bool(tools.arguments)
    if not (form or bounds_tools or unsure or policy.flows):
        return None
    of_tools = action_of(policy.domain, ("tools", "allow"), of_answer=True)
    actions = {form.action if form else None, of_tools if bounds_tools else None, unsure.action if unsure else None}
    shadow, asks_again = policy.mode is Mode.SHADOW, Action.REASK in actions
    waits = output.stream == "whole" or asks_again or (unsure is not None and Action.BLOCK in (unsure.action, unsure.on_unavailable))
    tells = any(
        is_enforced(flow, policy) and flow.to.partition(".")[0] == Scope.OUTPUT and flow.action is Action.BLOCK for flow in policy.flows
    )
    return AnswerBounds(
        form,
        None if tools.allow is None else frozenset(tools.allow),
        {name: _Arguments(compile_schema(schema), check_value(schema)) for name, schema in tools.arguments.items()},
        of_tools,
        unsure,
        shadow,
        output.max_reasks if asks_again and not shadow else 0,
        (waits and not shadow) or tells,
    )


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
        self._flows = AnswerFlows(flows) if flows else None
        self._may_reask = may_reask
        self._form = FormWatch(bounds.form, may_reask=may_reask) if bounds.form else None
        self._calls = Calls()
        self._kept: dict[Channel, list[str]] = {}
        self._argued: set[Channel] = set()  # channels whose arguments have gone out whole
        stops = bounds.tools_action.severity >= Action.BLOCK.severity and not bounds.shadow
        self._holds_arguments = stops or bool(flows and flows.blocks)
        self._known: set[tuple[str, str | int]] = set()
        unsure = bounds.uncertainty
        self.unsure = UncertaintyWatch(unsure, shadow=bounds.shadow, may_reask=may_reask) if unsure else None
        self._broken: list[Broken] = []
        self._spoken: dict[int, None] = {}
        self._is_excused = False
        self._is_over = False

    def judge(self, event: Event, out: dict[Channel, str], heard: Iterable[Heard], *, is_over: bool) -> list[Broken]:
        """``out`` are the texts that may go with this event, by channel: what has to wait is taken from it. ``heard`` are all channels that
        may have come further. ``is_over``: the answer ends here.
        """
        self._call(event.calls)
        excused = is_excused(event)
        self._is_excused = self._is_excused if excused is None else excused
        for channel, scope, form, is_whole in heard:
            if is_arguments(channel, scope) or (self._flows and is_called_with(channel, scope)):
                if arguments := self._argue(channel, out.pop(channel, ""), form, is_whole=is_whole):
                    out[channel] = arguments
                continue
            if text := out.get(channel, ""):
                self._hear(event, channel, scope, text)
            if self._flows:
                self._cross(self._flows.hear(self._calls, channel, scope, text, is_whole=is_whole))
        for choice in event.finished:
            self._end(choice)
        for end in event.ends:
            self._end_calls(end)
        if is_over:
            self._end_all()
        found, self._broken = self._broken, []
        return found

    def _hear(self, event: Event, channel: Channel, scope: Scope, text: str) -> None:
        choice, refuses = choice_of(channel, scope), refused_by(channel, scope)
        if AGAIN in (choice, refuses) and not event.is_end:
            return  # before its last event a stream says texts over again one by one
        is_stray = choice is None and is_astray(channel, scope)
        if self.unsure and (choice is not None or is_stray):
            self.unsure.speak(choice or 0)
        if self._flows and choice is not None:
            self._spoken[choice] = None
            self._flows.say(choice, text)
        if not self._form:
            return
        if choice is not None:
            self._break(self._form.say(choice, channel, text))
        elif refuses is not None:
            self._break(self._form.refuse(refuses, text))
        elif is_stray:
            self._break(self._form.stray(text))

    def _call(self, calls: Iterable[tuple[Channel, str]]) -> None:
        allowed = self._bounds.tools
        for channel, said in calls:
            name = self._calls.note(channel, said)
            if name is None:
                continue
            if self._form:
                self._form.call(channel[0] if isinstance(channel[0], int) else 0)
            for tool in name.readings:
                if allowed is not None and tool not in allowed:
                    self._break_tool("allow", channel, tool, _not_allowed(allowed))
            if self._is_bound(name) and (isinstance(channel[0], int) or channel[0] in ("output", "data") or len(channel) == 1):
                self._calls.wait(channel)

    def _argue(self, channel: Channel, text: str, form: Form, *, is_whole: bool) -> str:
        """More of the arguments of a call, or of another text of it; what of it may go out."""
        if channel in self._argued and not text:
            return ""
        call = self._calls.of(channel)
        name = self._calls.name(call)
        bounds = is_arguments(channel, Scope.TOOL_ARGUMENTS)
        if bounds and not call:
            self._break_unnamed(channel)
        if self._flows is None and not self._is_bound(name):
            return text
        kept = self._kept.setdefault(channel, [])
        kept.append(text)
        if not is_whole:
            return "" if self._holds_arguments else text
        self._argued.add(channel)
        whole = "".join(self._kept.pop(channel))
        if bounds:
            self._calls.arrive(call)
            for tool in name.readings:
                self._break_arguments(call, tool, whole, form)
        if self._flows:
            self._cross(self._flows.argue(self._calls, channel, whole))
        return whole if self._holds_arguments else text

    def _end(self, choice: int) -> None:
        """A choice is over."""
        self._end_calls((choice,))
        if self._form:
            self._break(self._form.end(choice, must_speak=not self._is_excused))
        if self._flows:
            self._cross(self._flows.end(choice))

    def _end_all(self) -> None:
        """The answer is over."""
        self._end_calls(())
        if self._form:
            self._break(self._form.end_all(must_speak=not self._is_excused))
        if self._flows:
            for choice in self._spoken:
                self._cross(self._flows.end(choice))
        if self.unsure and not self._is_over:
            self._broken += self.unsure.end()
        self._is_over = True

    def _end_calls(self, within: Channel) -> None:
        """The calls at and below a channel are over; of those that never had arguments it is known now."""
        for call in self._calls.waiting(within):
            self._calls.arrive(call)
            for tool in self._calls.name(call).readings:
                self._break_arguments(call, tool, "", Form.JSON)

    def _is_bound(self, name: Name) -> bool:
        """Whether it is said what the tool may be called with."""
        return not self._bounds.arguments.keys().isdisjoint(name)

    def _break_unnamed(self, channel: Channel) -> None:
        """Whose arguments these are is not known."""
        if self._bounds.tools is not None:
            self._break_tool("allow", channel[:-1], "", _not_allowed(self._bounds.tools))
        elif self._bounds.arguments:
            self._break_tool("arguments", channel[:-1], "", _UNNAMED)

    def _break_arguments(self, call: Channel, tool: str, said: str, form: Form) -> None:
        check = self._bounds.arguments.get(tool)
        if check and (violation := check.violation(said, form)):
            self._break_tool("arguments", call, tool, f"the arguments of {tool} are not what they must be: {violation.reason}")

    def _break_tool(self, key: str, call: Channel, tool: str, reason: str) -> None:
        rule, action = f"domain.tools.{key}", self._action(self._bounds.tools_action)
        fired = Fired(rule, rule, 0, 0, 1.0, action, self._bounds.shadow)
        self._note((rule, tool[:128]), Broken(call, Scope.TOOL_ARGUMENTS, fired, reason))

    def _break(self, found: Iterable[Broken]) -> None:
        """Bounds of what a choice says."""
        for broken in found:
            self._note((broken.fired.rule, broken.choice), broken)

    def _action(self, action: Action) -> Action:
        return Action.BLOCK if action is Action.REASK and not self._may_reask else action

    def _cross(self, found: Iterable[Broken]) -> None:
        """Flows that are completed."""
        for broken in found:
            self._note((broken.fired.rule, f"{broken.choice} {broken.reason}"), broken)

    def _note(self, key: tuple[str, str | int], broken: Broken) -> None:
        if key not in self._known and (broken.stops or len(self._known) < MAX_BROKEN):
            self._known.add(key)
            self._broken.append(broken)


def _not_allowed(allowed: frozenset[str]) -> str:
    names = ", ".join(sorted(allowed)[:_MAX_NAMES])
    return f"a tool was called that is not allowed; allowed are: {names}" if names else "no tool may be called"
