"""What the gateway asks of a parser of answers, and what a parser answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

MAX_CHARS = 100_000
"""How long a parsed text may be, unless it is told otherwise: what a parser remembers grows with its text."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a text is not, and can no longer become, what it must be.

    ``at`` is where in the text that was seen: the beginning of the token, or the end of a text that ended too soon. ``reason`` names
    the place in the document and what is asked of it (``$.items[3].price: must be a number``), and has nothing of the text's own in it:
    of a property's name only what the schema names.
    """

    at: int
    reason: str


class Parser(Protocol):
    """One for each text that is parsed. Whether it says something, and of which token, does not hang on how the text is cut.

    Once it says something, it always says that. Of several reasons it says one.
    """

    def feed(self, text: str) -> Violation | None:
        """Why the text so far, with this piece, can no longer become valid; None while it may."""
        ...

    def close(self) -> Violation | None:
        """The text ended: None if it is whole and valid."""
        ...


NewParser = Callable[[], Parser]
"""What is compiled once, at load: gives a fresh parser for each text."""


class ParserError(ValueError):
    """A schema, regex or grammar that cannot be used: where in it (``$.properties.age``, or nothing), and why."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}" if place else why)
        self.place = place
        self.why = why


class Invalid(Exception):  # control flow between the parts of one parser: it never leaves a parser
    """The text cannot become valid: the reason of the ``Violation``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
