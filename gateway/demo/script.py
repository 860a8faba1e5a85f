"""What the demo says, in no dialect: a request boiled down to a Prompt goes in, a Reply comes out. Pure, and without chance."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.demo.errors import as_callers_mistake
from gateway.demo.sample import sample, sample_arguments
from gateway.demo.values import find_values

Json = dict[str, Any]


_OTHERWISE = "\nIf that is not accepted, say:"
_CALL = re.compile(r"\bcall (?P<name>[\w.:/-]{1,128}) with (?P<arguments>\{.*\})", re.IGNORECASE | re.DOTALL)
"""A call that is asked for word by word, be the tool offered or not."""


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    parameters: Json


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the demo understands of a request.

    The texts of the user and the answers to them (oldest first), the results of the tools called last, and what is asked for.
    """

    said: tuple[str, ...]
    answered: tuple[str, ...] = ()
    tool_results: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    schema: Json | None = None
    reasons: bool = False

    @property
    def last(self) -> str:
        return self.said[-1] if self.said else ""


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said. A refusal stands alone; text and calls do not come together."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()


def answer(prompt: Prompt) -> Reply:
    """The demo's answer: the first of these that applies."""
    reasoning = _think(prompt) if prompt.reasons else ""
    if re.search(r"\bplease refuse\b", prompt.last, re.IGNORECASE):
        return Reply(refusal="I'm sorry, I cannot help with that.", reasoning=reasoning)
    if call := _CALL.search(prompt.last):
        return Reply(calls=(Call(call["name"], json.loads(call["arguments"])),), reasoning=reasoning)
    if prompt.tool_results:
        return Reply(text=f"The tool says: {' '.join(prompt.tool_results)}", reasoning=reasoning)
    if fitting := [tool for tool in prompt.tools if _fits(tool, prompt.last)] or list(prompt.tools[: prompt.must_call]):
        calls = tuple(Call(tool.name, sample_arguments(tool.parameters, prompt.last)) for tool in fitting)
        return Reply(calls=calls, reasoning=reasoning)
    if prompt.schema is not None:
        return Reply(text=json.dumps(sample(prompt.schema, prompt.last), ensure_ascii=False), reasoning=reasoning)
    return Reply(text=_talk(prompt), reasoning=reasoning)


def respond(prompt: Prompt) -> Reply:
    """The answer; or the caller's mistake, for tools and schemas are of their making."""
    with as_callers_mistake("A tool or schema of this request is not well formed.", code="invalid_schema"):
        return answer(prompt)


def put_differently(reply: Reply, index: int) -> Reply:
    """The same reply for the second and further choices of a request: plain text says that it is another one."""
    if index == 0 or not reply.text or reply.text.startswith(("{", "[")):
        return reply
    return Reply(text=f"Put differently ({index + 1}): {reply.text}", reasoning=reply.reasoning)


def _fits(tool: Tool, text: str) -> bool:
    words = set(re.findall(r"[a-z]{3,}", text.lower()))
    named = set(re.findall(r"[a-z]{3,}", re.sub(r"([A-Z])", r" \1", tool.name).lower())) - {"get", "the", "and", "for"}
    return any(word.startswith(part) for part in named for word in words)


def _think(prompt: Prompt) -> str:
    values = _listed(prompt.last)
    return (
        f"The user writes about {values}. I should use it as it stands."
        if values
        else "The user writes in general terms. A short answer will do."
    )


def _talk(prompt: Prompt) -> str:
    for pattern, say in _RULES:
        if found := pattern.search(prompt.last):
            return say(found, prompt)
    return f"You said: {prompt.last}"


def _listed(text: str) -> str:
    return ", ".join(value.text for value in find_values(text))


def _recall(_: re.Match[str], prompt: Prompt) -> str:
    values = _listed("\n".join(prompt.said[:-1]))
    return f"You told me: {values}." if values else "You have not told me anything of the kind yet."


def _quote(_: re.Match[str], prompt: Prompt) -> str:
    return f"You said before: {' | '.join(prompt.said[:-1])}" if prompt.said[:-1] else "You have not said anything before."


def _quote_myself(_: re.Match[str], prompt: Prompt) -> str:
    return f"I said before: {' | '.join(prompt.answered)}" if prompt.answered else "I have not said anything before."


def _sent(found: re.Match[str], prompt: Prompt) -> str:
    values = find_values(prompt.last)
    to = next((value for value in values if value.kind == "EMAIL_ADDRESS"), values[0] if values else None)
    about = ", ".join(value.text for value in values if value != to)
    recipient = to.text if to else "the address you have in mind"
    return f"I have sent {found['what']} to {recipient}{about and ' about ' + about}. Is there anything else that I can do for you?"


def _count(found: re.Match[str], _: Prompt) -> str:
    return ", ".join(str(number) for number in range(1, min(int(found["upto"]), 10_000) + 1))


def _instead(_: re.Match[str], prompt: Prompt) -> str:
    """What the user has foreseen to be said instead; else it goes on about the complaint."""
    foreseen = [text.partition(_OTHERWISE)[2].strip() for text in prompt.said[:-1]]
    return next((text for text in reversed(foreseen) if text), f"You said: {prompt.last}")


def _text(text: str) -> Callable[[re.Match[str], Prompt], str]:
    return lambda _found, _prompt: text


_RULES: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str], Prompt], str]]] = (
    (re.compile(r"\bwas not accepted: ", re.IGNORECASE), _instead),
    (
        re.compile(r"\b(?:repeat after me|say exactly):\s*(?P<rest>.+)", re.IGNORECASE | re.DOTALL),
        lambda found, _: found["rest"].partition(_OTHERWISE)[0],
    ),
    (re.compile(r"\bcount to (?P<upto>\d{1,5})\b", re.IGNORECASE), _count),
    (re.compile(r"\bwhat did I (?:say|tell|write|ask)\b", re.IGNORECASE), _quote),
    (re.compile(r"\bwhat did you (?:say|tell|write|answer)\b", re.IGNORECASE), _quote_myself),
    (re.compile(r"\b(?:what (?:is|was) my|who am i|remember)\b", re.IGNORECASE), _recall),
    (re.compile(r"\b(?:send|write|forward)\b[^.?!]*?\b(?P<what>an? (?:e-?mail|mail|note|letter|message))\b", re.IGNORECASE), _sent),
    (
        re.compile(r"\b(?P<what>e-?mail|mail)\b\s+\S*[<@]", re.IGNORECASE),
        lambda _, prompt: f"I have sent a note to {_listed(prompt.last)}.",
    ),
    (
        re.compile(r"^\W*(?:hello|hi|hey|good (?:morning|evening))\W*$", re.IGNORECASE),
        _text("Hello! I am a small simulated model. What can I do for you?"),
    ),
    (re.compile(r"\bhow are you\b", re.IGNORECASE), _text("I am scripted, and quite well. Thank you for asking.")),
)
