"""Rebuilds ``models/word_groups.json``: common words in groups of like meaning, each with how much it says of what a text is about.

``python -m detectors.training.fit_word_groups`` (one core, about a minute). The groups are the clusters (k-means on the sphere) of what the
encoder says of each word alone, so no text is read. They are put in an order in which neighbours are alike: split in two along their main
direction, and each half again. A word weighs by how long its row in the table of
static embeddings is, cubed: words that are in every text have short ones.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detectors.text.encoder import Encoder
from detectors.text.static_embeddings import FILE as TABLE
from detectors.text.word_groups import FILE, GROUPS
from detectors.text.wordpiece import WordPiece
from detectors.training.fit_static import alone

WORDS = 12_000
STEPS = 25
_FITTED = 8000
"""Of the words, the most common: the groups are theirs, and the others go to the nearest."""
_POWER = 3
_VOCABULARY = FILE.with_name("minilm_vocabulary.json")
_ASCII_WORD = re.compile(r"[a-z]{3,}")
_SMALL = 1e-9
_STEP = 0.1

Vectors = Any  # numpy's arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE, help="default: in its place among the models")
    args = parser.parse_args()
    numbers = {word: at for at, word in enumerate(json.loads(_VOCABULARY.read_text(encoding="utf-8"))) if _ASCII_WORD.fullmatch(word)}
    words = list(numbers)[:WORDS]
    rows = [numbers[word] for word in words]
    wordpiece = WordPiece()
    vectors = alone(Encoder(wordpiece), wordpiece.size)[rows]
    with np.load(TABLE, allow_pickle=False) as table:
        lengths = np.linalg.norm(table["rows"][rows] * table["scales"][rows][:, None], axis=1)
    groups = grouped(words, vectors, lengths)
    args.out.write_text(json.dumps({"groups": groups}, indent=0) + "\n", encoding="ascii")


def grouped(words: Sequence[str], vectors: Vectors, lengths: Vectors, count: int = GROUPS) -> list[dict[str, int]]:
    """For each group its words, with their weights."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SMALL)
    centres = clusters(unit[:_FITTED], count)
    nearest = (unit @ centres[in_order(centres)].T).argmax(axis=1)
    found: list[dict[str, int]] = [{} for _ in range(count)]
    for word, group, length in zip(words, nearest, lengths, strict=True):
        found[int(group)][word] = max(1, round(float(length) ** _POWER / _STEP))
    return found


def clusters(vectors: Vectors, count: int) -> Vectors:
    """Centres, the same on every run."""
    chance = np.random.default_rng(0)
    centres = vectors[chance.choice(len(vectors), count, replace=False)]
    for _ in range(STEPS):
        nearest = (vectors @ centres.T).argmax(axis=1)
        sums = np.stack([vectors[nearest == group].sum(axis=0) for group in range(count)])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > _SMALL, sums / np.maximum(lengths, _SMALL), centres)
    return centres


def in_order(centres: Vectors) -> list[int]:
    """Numbers of the centres: those that are alike lie near each other."""

    def split(numbers: Vectors) -> list[int]:
        if len(numbers) < 2:
            return [int(number) for number in numbers]
        apart = centres[numbers] - centres[numbers].mean(axis=0)
        direction = np.linalg.svd(apart, full_matrices=False)[2][0]
        ranked = numbers[np.argsort(apart @ direction, kind="stable")]
        half = (len(ranked) + 1) // 2
        return split(ranked[:half]) + split(ranked[half:])

    return split(np.arange(len(centres)))


if __name__ == "__main__":
    main()
