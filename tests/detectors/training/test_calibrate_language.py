"""The table of the language detector."""

import json

from detectors.calibration import from_json, table
from detectors.training.calibrate_language import chosen, pieces, thinned


def test_thinned_keeps_the_tail():
    """Few knots, near the whole table everywhere, and a table still."""
    full = table([at / 1000 for at in range(1000)])
    small = thinned(full)
    assert len(small.scores) < 130
    assert from_json(small.as_json()) == small
    for score in (0.0, 0.123, 0.5, 0.9, 0.99, 0.9985):
        assert abs(small.tail(score) - full.tail(score)) < 0.002


def test_rounding_leaves_no_ties():
    """Scores that are equal in print are one knot."""
    small = thinned(table([0.0, 1e-9, 2e-9, 0.5, 0.6]))
    assert from_json(json.loads(json.dumps(small.as_json()))) == small
    assert small.scores == (0.0, 0.5, 0.6)


def test_chosen(tmp_path):
    """Utterances as they are, documents by the sentence; the same on every run."""
    text = "Una frase que tiene bastante longitud para contar. Corta. Otra frase que también tiene bastante longitud."
    (tmp_path / "data.jsonl").write_text(json.dumps({"text": text}) + "\n")
    assert chosen(tmp_path, "en") == [text]
    assert sorted(chosen(tmp_path, "es")) == [
        "Otra frase que también tiene bastante longitud.",
        "Una frase que tiene bastante longitud para contar.",
    ]


def test_pieces():
    """Neighbouring words, fewer than there are; the same on every run."""
    text = "where is my new card"
    assert [piece.split() for piece in pieces(text)] == [piece.split() for piece in pieces(text)]
    assert [len(piece.split()) for piece in pieces(text)] == [2, 3]
    assert all(piece in text for piece in pieces(text))
    assert list(pieces("two words")) == []
