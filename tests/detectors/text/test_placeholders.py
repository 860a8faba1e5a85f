"""Finding placeholders; how they come back through streams is in tests/gateway/guard and tests/properties."""

import pytest

from detectors.text.placeholders import Placeholders, lookalikes

FINDER = Placeholders([("PERSON", "k3x9pa"), ("CREDIT_CARD", "abcde2")])


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("hello <PERSON_k3x9pa>.", [(6, 21)]),
        ("PERSON CREDIT_CARD_abcde2", [(7, 25)]),
        ("<PERSON_abcde2> <PERSON_zzzzz2>", []),
        ("<PERSON_k3x9pa><PERSON_k3x9pa>", [(0, 15), (15, 30)]),
        ("İ <PERSON_k3x9pa>", [(2, 17)]),
    ],
)
def test_scan(text: str, spans: list[tuple[int, int]]) -> None:
    """Only what was issued is found, with its own type, wherever it stands."""
    assert [(finding.start, finding.end) for finding in FINDER.scan(text)] == spans


@pytest.mark.parametrize(
    ("text", "settled"),
    [("plain words", 11), ("a <", 2), ("stop p", 5), ("stop", 4), ("x PERSON_k3x9p", 2), ("<PERSON_k3x9pa>", 15), ("PERSON_k3x9pa", 0)],
)
def test_settled(text: str, settled: int) -> None:
    """Text is decided up to where a placeholder could still be on its way; one with its bracket is complete."""
    assert FINDER.settled(text) == settled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        ("plain words, and please no digits", set()),
        ("<PERSON_k3x9pa> Person k3x9pb", {"k3x9pa", "k3x9pb"}),
        ("K3X9PA.", {"k3x9pa"}),
        ("k3x9pax k3x9p xk3x9pa", set()),
        ("222222-333333", {"222222", "333333"}),
    ],
)
def test_lookalikes(text: str, expected: set[str]) -> None:
    """What could be taken for a keyed part is found, in lower case, and longer or shorter words are not."""
    assert lookalikes(text) == expected
