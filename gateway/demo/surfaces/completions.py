"""``POST /v1/completions``, the legacy dialect: a text goes on where the prompt ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, Streamed, data_frames, missing, needed_text
from gateway.demo.pieces import count, end, pieces
from gateway.demo.script import Prompt, put_differently, respond
from gateway.demo.state import Route, State, digest

Json = dict[str, Any]

_MOST_CHOICES = 128


@dataclass(frozen=True, slots=True)
class Choice:
    index: int
    prompt: str
    text: str
    reason: str


def complete(ask: Ask, state: State) -> Answer | Streamed:
    body = ask.json()
    envelope = {
        "id": f"cmpl-{digest(ask.raw)}", "object": "text_completion", "created": state.now, "model": needed_text(body, "model"),
        "system_fingerprint": "fp_oddgate_demo",
    }  # fmt: skip
    choices = read_choices(body)
    if body.get("stream") is True:
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return Streamed(data_frames(_chunks(body, envelope, choices, with_usage)))
    rows = [_row(choice.index, choice.text, _logprobs(body, choice.text), choice.reason) for choice in choices]
    return Answer(envelope | {"choices": rows, "usage": _usage(choices)})


def read_choices(body: Json) -> list[Choice]:
    prompts = read_prompts(body.get("prompt"))
    n = body.get("n") or 1
    if not isinstance(n, int) or n < 1 or n * len(prompts) > _MOST_CHOICES:
        raise RefusedRequestError(f"Invalid 'n': at most {_MOST_CHOICES} choices in all.", param="n", code="invalid_value")
    return [_choice(body, prompt, place * n + index, index) for place, prompt in enumerate(prompts) for index in range(n)]


def read_prompts(prompt: object) -> list[str]:
    """One text a prompt; of tokens it is told that they are tokens."""
    if prompt is None:
        raise missing("prompt")
    many: list[Any] = prompt if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int) else [prompt]
    if not all(isinstance(each, str | list) for each in many):
        raise RefusedRequestError("Invalid type for 'prompt'.", param="prompt", code="invalid_type")
    return [each if isinstance(each, str) else f"({len(each)} tokens)" for each in many]


def _choice(body: Json, prompt: str, index: int, variant: int) -> Choice:
    reply = put_differently(respond(Prompt(said=(prompt,))), variant)
    stops = body.get("stop")
    ending = end(
        reply.text or reply.refusal,
        [stop for stop in (stops if isinstance(stops, list) else [stops]) if isinstance(stop, str) and stop],
        body.get("max_tokens") if isinstance(body.get("max_tokens"), int) else None,
    )
    text = (prompt if body.get("echo") is True else "") + ending.text
    return Choice(index, prompt, text, "length" if ending.at_limit else "stop")


def _chunks(body: Json, envelope: Json, choices: Sequence[Choice], with_usage: bool) -> Iterator[Json]:
    for choice in choices:
        for piece in pieces(choice.text):
            yield envelope | {"choices": [_row(choice.index, piece, _logprobs(body, piece), None)]}
        yield envelope | {"choices": [_row(choice.index, "", None, choice.reason)]}
    if with_usage:
        yield envelope | {"choices": [], "usage": _usage(choices)}


def _row(index: int, text: str, logprobs: Json | None, reason: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": reason}


def _logprobs(body: Json, text: str) -> Json | None:
    """A figure of each piece's own: the longer, the surer."""
    if not isinstance(body.get("logprobs"), int):
        return None
    tokens = pieces(text)
    figures = [round(-1 / (1 + len(token)), 4) for token in tokens]
    return {
        "tokens": tokens,
        "token_logprobs": figures,
        "top_logprobs": [{token: figure} for token, figure in zip(tokens, figures, strict=True)],
        "text_offset": [len("".join(tokens[:place])) for place in range(len(tokens))],
    }


def _usage(choices: Sequence[Choice]) -> Json:
    read = count(*dict.fromkeys(choice.prompt for choice in choices))
    written = count(*(choice.text for choice in choices))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


ROUTES = (Route("POST", "/v1/completions", complete),)
