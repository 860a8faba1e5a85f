"""Log probabilities: how a request asks for them, where an answer has them, and how they are taken out if the app did not ask.

OpenAI's chat, completions and Responses have them; Anthropic's messages do not.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

from gateway.wire.model import Event, Json, Place, at, put
from gateway.wire.openai.responses_event import ResponsesEvent

_TOP = 5
_INCLUDED = "message.output_text.logprobs"


class Token(NamedTuple):
    """One token of a choice: its log probability, and those of the likeliest at its place, as far as they are told."""

    choice: int
    log_probability: float
    likeliest: tuple[float, ...]


def asking(surface: str, body: Json) -> Json | None:
    """The body, asking for log probabilities. None: it does so already, or the API has none."""
    if not isinstance(body, dict):
        return None
    if surface == "chat" and body.get("logprobs") is not True:
        return {**body, "logprobs": True, "top_logprobs": _TOP}
    if surface == "completions" and body.get("logprobs") is None:
        return {**body, "logprobs": _TOP}
    if surface == "responses":
        included = body.get("include") or []
        if isinstance(included, list) and _INCLUDED not in included:
            return {"top_logprobs": _TOP, **body, "include": [*included, _INCLUDED]}
    return None


def read(event: Event) -> Iterator[Token]:
    """Those of an event, each once: what a stream says over again is left out."""
    for companion in event.companions:
        first = companion.channels[0][0]
        yield from _tokens(at(event.body, companion.place), first if isinstance(first, int) else 0)


def strip(event: Event, top: Json = 0) -> bool:
    """Take them out, and all that is read of them; whether there were any. ``top``: how many of the likeliest the app has asked for."""
    places = [companion.place for companion in event.companions]
    if isinstance(event, ResponsesEvent):
        places += [(*place, "logprobs") for place, _ in event.spelled]
        event.spelled = ()
    changed = _put_top(event.body, top)
    if not places:
        return changed
    for place in places:
        is_list = isinstance(event, ResponsesEvent) or isinstance(at(event.body, place), list)
        put(event.body, place, [] if is_list else None)
    event.companions = ()
    gone = frozenset(places)
    lengths = {len(place) for place in gone}
    event.deltas = tuple([delta for delta in event.deltas if not _is_below(delta.place, gone, lengths)])
    event.uninspectable = tuple([part for part in event.uninspectable if not _is_below(part.place, gone, lengths)])
    return True


def _is_below(place: Place, gone: frozenset[Place], lengths: set[int]) -> bool:
    """``lengths``: those that the places have that are gone."""
    return any(place[:length] in gone for length in lengths)


def _put_top(body: Json, top: Json) -> bool:
    """A response repeats how many it was asked for."""
    response = body.get("response", body) if isinstance(body, dict) else None
    if not isinstance(response, dict) or response.get("object") != "response" or response.get("top_logprobs") in (None, top):
        return False
    response["top_logprobs"] = top
    return True


def _tokens(value: Json, choice: int) -> Iterator[Token]:
    if isinstance(value, list):
        yield from _listed(value, choice)
    elif isinstance(value, dict) and isinstance(value.get("token_logprobs"), list):
        tops = value.get("top_logprobs")
        for index, said in enumerate(value["token_logprobs"]):
            if _is_number(said):
                top = tops[index] if isinstance(tops, list) and index < len(tops) else None
                yield Token(choice, float(said), tuple(float(each) for each in top.values() if _is_number(each)) if top else ())
    elif isinstance(value, dict):
        for key in ("content", "refusal"):
            yield from _listed(value.get(key), choice)


def _listed(tokens: Json, choice: int) -> Iterator[Token]:
    for token in tokens if isinstance(tokens, list) else ():
        if isinstance(token, dict) and _is_number(said := token.get("logprob")):
            top = token.get("top_logprobs")
            likeliest: list[Json] = [each.get("logprob") for each in top if isinstance(each, dict)] if isinstance(top, list) else []
            yield Token(choice, float(said), tuple(float(each) for each in likeliest if _is_number(each)))


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
