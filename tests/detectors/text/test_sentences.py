"""Where sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.sentences import MAX_CHARS, sentence_end, sentences

SPLITS = [
    ("One. Two.", ["One. ", "Two."]),
    ("Mr. Leiva flew. He did.", ["Mr. Leiva flew. ", "He did."]),
    ("Iva D. Grusova is here! Yes.", ["Iva D. Grusova is here! ", "Yes."]),
    ("a\nb", ["a\n", "b"]),
    ('He said "no." Then left.', ['He said "no." ', "Then left."]),
    ("v1.2 is out", ["v1.2 is out"]),
    ("", []),
]


@pytest.mark.parametrize(("text", "parts"), SPLITS)
def test_splits(text: str, parts: list[str]):
    """At stops and line ends, but not behind a title or an initial."""
    assert [text[start:end] for start, end in sentences(text)] == parts


prose = st.text(alphabet="ab MrD.!?\n\"')", max_size=60)


@given(prose, prose, prose)
def test_appending_moves_no_end(before: str, text: str, more: str):
    """An end that was found stays, and what stands before the sentence has no say."""
    end = sentence_end(text)
    if end is not None:
        assert sentence_end(text + more) == end
        assert sentence_end(before + text + more, len(before)) == len(before) + end


@given(st.text(alphabet="ab .\n", max_size=80).map(lambda text: text * 30))
def test_sentences_cover_the_text_and_are_bounded(text: str):
    """One after the other, to the end."""
    spans = sentences(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(0 < end - start <= MAX_CHARS + len(text) for start, end in spans)
