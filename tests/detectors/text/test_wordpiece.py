"""Tokens, as the encoder was trained on them."""

import pytest

pytest.importorskip("tokenizers", reason="the extra 'topics' is not installed")

from detectors.text.wordpiece import WordPiece


@pytest.fixture(scope="module")
def wordpiece() -> WordPiece:
    return WordPiece()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, world!", [7592, 1010, 2088, 999]),
        ("hello", [7592]),
        ("CAFÉ", [7668]),
        ("unaffable", [14477, 20961, 3468]),
        ("", []),
        ("\x00\u200b", []),
        ("日本", [1864, 1876]),
        ("a" * 101, [100]),
    ],
)
def test_tokens(wordpiece: WordPiece, text: str, tokens: list[int]):
    """Lower case, without accents and control characters, ideographs apart, one token for a word beyond measure."""
    assert wordpiece.tokens([text]) == [tokens]


def test_long_texts_are_whole(wordpiece: WordPiece):
    """Nothing is cut."""
    assert [len(each) for each in wordpiece.tokens(["hello " * 2000, "hello"])] == [2000, 1]
    assert wordpiece.size == 30522
