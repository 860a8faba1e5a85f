"""Asking a model again: the request with what it answered, and what was wrong about that.

What the model answered goes back as it came, with its placeholders, to where it came from. Of calls only what was wrong about them is said.
"""

from collections.abc import Sequence

from gateway.wire.model import Event, Json
from gateway.wire.spoken import choice_of
from policies.subject import GENERATING

_MAX_KEPT = 200_000
"""Characters of an answer that are said back to the model."""
_MAX_REASONS = 10
_ACTING = ("tools", "functions", "mcp_servers", "web_search_options", "plugins", "container", "conversation", "background")
_MANY = frozenset({"stream", "stream_options", "n", "best_of", "logprobs", "top_logprobs"})
_SPEAKING = ("chat", "responses", "messages")


class Said:
    """What each choice of an answer says, as it came from the endpoint; bounded."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[str]] = {}
        self._left = _MAX_KEPT

    def hear(self, event: Event) -> None:
        for delta in event.deltas:
            choice = None if delta.echoes else choice_of(delta.channel, delta.scope)
            if choice is not None and self._left > 0:
                self._pieces.setdefault(choice, []).append(delta.text[: self._left])
                self._left -= len(delta.text)

    def text(self, choice: int) -> str:
        return "".join(self._pieces.get(choice, ()))


def may_ask_again(surface: str, body: Json) -> bool:
    """Whether a request can be asked again with a message more. One whose answer is fetched later cannot."""
    return surface in _SPEAKING and isinstance(body, dict) and not body.get("background")


def asking_again(surface: str, body: dict[str, Json], answer: str, reasons: Sequence[str]) -> dict[str, Json]:
    """The body that asks again."""
    said: list[Json] = [{"role": "assistant", "content": answer}] if answer.strip() else []
    said.append({"role": "user", "content": _complaint(reasons)})
    if surface != "responses":
        return {**body, "messages": [*body["messages"], *said]}
    if body.get("conversation"):  # the endpoint has the request and the answer in it by now
        return {**body, "input": said[-1:]}
    asked = body.get("input") or []
    return {**body, "input": [*([{"role": "user", "content": asked}] if isinstance(asked, str) else asked), *said]}


def sample_of(surface: str, body: Json) -> dict[str, Json] | None:
    """The body that asks the same for one answer more, which nobody keeps. None where that could do something besides: run tools, add to a
    conversation.
    """
    if surface not in GENERATING or not isinstance(body, dict) or any(body.get(key) for key in _ACTING):
        return None
    if body.get("prompt") and not (surface == "completions" and isinstance(body["prompt"], str)):
        return None  # several prompts, or a template that may have tools
    once = {key: value for key, value in body.items() if key not in _MANY}
    return {**once, "store": False} if surface == "responses" else once


def _complaint(reasons: Sequence[str]) -> str:
    named = "; ".join(dict.fromkeys(reasons[:_MAX_REASONS]))
    return f"Your last answer was not accepted: {named}. Answer again so that this is put right, without a word about this message."
