"""A text's vector from a table: the mean of its tokens' rows, which were fitted to the encoder (see ``models/minilm_static.md``).

Tens of microseconds a text, and word order is lost: good enough to tell what is clear. It is compared with its own kind alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detectors.text.wordpiece import WordPiece

FILE = Path(__file__).parent.parent / "models" / "minilm_static.npz"
_STEPS = 127
_SMALL = 1e-9

Vectors = Any  # numpy's arrays: one row a text, each of length 1, or 0 where a text has no tokens


class StaticEmbeddings:
    """Loads the table when it is made."""

    def __init__(self, wordpiece: WordPiece, path: Path = FILE) -> None:
        self._wordpiece = wordpiece
        self._rows, self._scales = _load(path)

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._rows.shape[1]), dtype=np.float32)
        for row, tokens in enumerate(self._wordpiece.tokens(texts)):
            if tokens:
                vectors[row] = self._scales[tokens] @ self._rows[tokens]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SMALL)


def save(path: Path, table: Vectors) -> None:
    """In whole numbers of one byte, each row with its scale."""
    scales = np.maximum(np.abs(table).max(axis=1), _SMALL) / _STEPS
    rows = np.round(table / scales[:, None]).astype(np.int8)
    np.savez_compressed(path, rows=rows, scales=scales.astype(np.float32))


def _load(path: Path) -> tuple[Vectors, Vectors]:
    with np.load(path, allow_pickle=False) as file:
        return file["rows"], file["scales"]
