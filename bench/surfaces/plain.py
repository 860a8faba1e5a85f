"""Bodies of embeddings, of an endpoint that only the settings know, and rows of files."""

import json
from collections.abc import Sequence
from typing import Any

from bench.surfaces.case import BENIGN, Build, Case, Pieces, Stream, in_turns
from bench.surfaces.chat import CHAT
from gateway.wire.generic_json import GenericJson, StreamPlaces
from gateway.wire.jsonpaths import Paths
from gateway.wire.routes import routes
from policies.vocabulary import Scope

EMBEDDINGS = Case(
    "embeddings",
    routes().find("POST", "/v1/embeddings").dialect,
    {"user": lambda text: {"model": "m", "input": text}, "parts": lambda text: {"model": "m", "input": [BENIGN, text]}},
)


def _generic_choices(pieces: Pieces) -> list[Any]:
    return [
        *({"index": index, "delta": {"text": piece}} for index, piece in in_turns(pieces)),
        *({"index": index, "delta": {"text": ""}, "finish_reason": "stop"} for index in range(len(pieces))),
    ]


GENERIC = Case(
    "generic",
    GenericJson(
        "rerank",
        Paths.of(Scope.USER, {}, ()),
        Paths.of(Scope.OUTPUT, {}, ("$.id",)),
        ("model",),
        StreamPlaces(("delta", "text"), ("index",), ("finish_reason",), "[DONE]"),
    ),
    {
        "user": lambda text: {"model": "m", "query": text, "documents": [BENIGN]},
        "parts": lambda text: {"model": "m", "query": BENIGN, "documents": [BENIGN, {"deeper": text}]},
    },
    {"output": lambda text: {"id": "x", "results": [{"text": text}]}},
    {"output": lambda pieces: _generic_choices([pieces])},
    lambda texts: {"id": "x", "results": [{"text": text} for text in texts]},
    _generic_choices,
)


# Files of JSON lines: the requests of a batch go up, their answers come back


def _row(build: Build) -> Build:
    return lambda text: {"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": build(text)}


def _result(answer: Any) -> Any:
    return {"id": "br_1", "custom_id": "r1", "response": {"status_code": 200, "request_id": "x", "body": answer}, "error": None}


def _results(place: str) -> Stream:
    def rows(pieces: Sequence[str]) -> list[Any]:
        text = "".join(pieces)
        said = json.loads(text)["note"] if place == "arguments" else text
        return [_result(CHAT.answers["output"](BENIGN)), _result(CHAT.answers[place](said))]

    return rows


FILES = Case(
    "files",
    routes().find("GET", "/v1/files/f1/content").dialect,
    {place: _row(build) for place, build in CHAT.asks.items()},
    streams={place: _results(place) for place in CHAT.answers},
    chosen=lambda pieces: [_result(CHAT.choices(["".join(each) for each in pieces]))],
    is_rows=True,
)
