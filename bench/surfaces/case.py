"""What a surface looks like with one text in it: bodies by the place at which they hold it, and streams that bring it in pieces."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from gateway.wire.dialect import Dialect

BENIGN = "Please be brief."
CHOICES = (2, 3, 4)
"""How many choices an answer has, besides one."""

Build = Callable[[str], Any]
"""A body with a text at some place."""
Stream = Callable[[Sequence[str]], list[Any]]
"""The events that bring a text in pieces."""
Pieces = Sequence[Sequence[str]]
"""For each choice its text, in pieces."""


@dataclass(frozen=True, slots=True)
class Case:
    """``asks`` and ``answers`` are bodies by the place at which they hold the text, ``streams`` are lists of events by the same places.

    ``choices`` and ``chosen`` are an answer, and a stream of one, that says several texts at a time. ``is_rows``: files of JSON lines,
    where a request is a row of an upload, and a stream the rows of a file that comes back.
    """

    surface: str
    dialect: Dialect
    asks: Mapping[str, Build]
    answers: Mapping[str, Build] = field(default_factory=dict)
    streams: Mapping[str, Stream] = field(default_factory=dict)
    choices: Callable[[Sequence[str]], Any] | None = None
    chosen: Callable[[Pieces], list[Any]] | None = None
    has_done: bool = True
    is_named: bool = False
    is_rows: bool = False

    @property
    def all_answers(self) -> Mapping[str, Build]:
        """Those with the text in the last of several choices, too."""
        return {**self.answers, **({f"n={number}": self._answer_of(number) for number in CHOICES} if self.choices else {})}

    @property
    def all_streams(self) -> Mapping[str, Stream]:
        return {**self.streams, **({f"n={number}": self._stream_of(number) for number in CHOICES} if self.chosen else {})}

    def _answer_of(self, number: int) -> Build:
        return lambda text: self.choices([*[BENIGN] * (number - 1), text])

    def _stream_of(self, number: int) -> Stream:
        return lambda pieces: self.chosen([*[[BENIGN]] * (number - 1), pieces])


def arguments(text: str) -> str:
    """Of a tool call that takes one text."""
    return json.dumps({"note": text})


def in_turns(pieces: Pieces) -> list[tuple[int, str]]:
    """The pieces of all choices as they come, each with its choice: one of each, as long as there are any."""
    turns = zip_longest(*pieces)
    return [(index, piece) for turn in turns for index, piece in enumerate(turn) if piece is not None]
