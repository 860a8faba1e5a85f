"""Random texts that are hard to guard: values of every kind, written in every way, among placeholders and what JSON and UTF-8 make hard."""

from collections.abc import Sequence
from random import Random

from bench.matrix import WRITINGS

VALUES = (
    "john.smith@example.com", "4111 1111 1111 1111", "5555-5555-5555-4444", "078-05-1120", "536-90-4399", "+1 (415) 555-0123",
    "212-736-5000", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "192.168.7.9", "2001:db8::8a2e:370:7334",
    "00:1B:44:11:3A:B7", "https://example.com/a?b=1%20c", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "943 476 5919", "912-70-1234",
    "123e4567-e89b-12d3-a456-426614174000", "12 March 2024", "2024-03-12", "1600 Pennsylvania Avenue NW", "my passport is 912803456",
    "bank account 945456787654", "driver license H1234567", "BB1388568",
)  # fmt: skip
"""Made up, or from standards' examples; each entity that is found by its form has at least one."""
_WORDS = (
    "call", "now", "and", "é", "日本語", "😀", "👩\u200d👧", "\u200b", "\u202e", "ß", "%40", "%",
    "&amp;", "&#64;", "@", "<", ">", "\\", '"', "\\u0040",
    "{", "}", '{"a": "b"}', "\n", "\t", "\u2028", "\x7f", "0", "12",
    "<EMAIL_ADDRESS_", "<PHONE_NUMBER_zzzzzz>", "[EMAIL_ADDRESS]", "=", "a.b",
)  # fmt: skip
_GLUE = (" ", " ", " ", ", ", "", "\n", ". ")


def payload(random: Random, placeholders: Sequence[str]) -> str:
    """One text; ``placeholders`` are those that stand for something."""
    pieces = [_piece(random, placeholders) for _ in range(random.randint(1, 4))]
    text = pieces[0]
    for piece in pieces[1:]:
        text += random.choice(_GLUE) + piece
    return f"Please {text} thanks"


def _piece(random: Random, placeholders: Sequence[str]) -> str:
    kind = random.random()
    if kind < 0.45:
        value = random.choice(VALUES)
        writing = random.choice(tuple(WRITINGS)) if random.random() < 0.3 else "plain"
        return WRITINGS[writing](value)
    if kind < 0.6:
        placeholder = random.choice(placeholders)
        return placeholder.lower() if random.random() < 0.1 else placeholder
    return random.choice(_WORDS)


def places(random: Random, length: int) -> list[int]:
    """Where a text of that length is cut: seldom nowhere, often in a few places, sometimes everywhere."""
    kind = random.random()
    if kind < 0.04:
        return list(range(1, length))
    return [random.randint(0, length) for _ in range(random.choice((0, 1, 1, 2, 3, 5, 8)))]
