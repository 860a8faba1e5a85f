"""Rebuilds ``models/minilm_static.npz``: one short vector a token whose mean comes as close as it can to what the encoder says of a text.

``python -m detectors.training.fit_static --data DIR`` with the development sets in DIR. Start: each token alone through the encoder, along
the main directions of the texts' vectors, the common tokens weighed down. Then ridge regression of the texts' vectors on their tokens,
drawn towards the start: closed form, solved by conjugate gradients, the same on every run.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detectors.text.encoder import Encoder
from detectors.text.static_embeddings import FILE, save
from detectors.text.wordpiece import WordPiece

DIMENSIONS = 128
RIDGE = 0.3
STEPS = 12
MAX_CHARS = 300
_BATCH = 512
_COMMON = 1e-4  # the share of a text at which a token's weight is halved

Vectors = Any  # numpy's arrays


@dataclass(frozen=True, slots=True)
class Source:
    """A development set, its fields that hold texts, and how many texts are taken of it. All may be used and passed on with attribution."""

    folder: str
    fields: tuple[str, ...]
    count: int


SOURCES = (
    Source("odd_clinc150", ("text",), 15_100),  # CC BY 3.0; the train splits alone
    Source("odd_banking77", ("text",), 10_003),  # CC BY 4.0
    Source("odd_snips", ("text",), 2100),  # CC0
    Source("benign_instructions", ("text",), 255),  # Apache-2.0
    Source("traffic_reference_chats", ("prompt", "response"), 100),  # Apache-2.0
    Source("pii_presidio_synth", ("text",), 1000),  # MIT
    Source("pi_deepset", ("text",), 546),  # Apache-2.0
    Source("benign_cyber_frr", ("text",), 250),  # MIT
    Source("safety_xstest", ("text",), 225),  # CC BY 4.0
    Source("harm_advbench", ("text",), 300),  # MIT
    Source("tox_surge", ("text",), 900),  # MIT
    Source("tox_davidson", ("text",), 2500),  # MIT
    Source("bias_redditbias", ("text",), 2000),  # MIT
    Source("bias_bbq", ("question", "context"), 1200),  # CC BY 4.0
    Source("bias_winobias", ("text",), 600),  # MIT
)

_NOISE = re.compile(r"https?://\S+|@\w+:?|&#?\w+;|\bRT\b|\s+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of the development sets")
    parser.add_argument("--out", type=Path, default=FILE, help="default: in its place among the models")
    args = parser.parse_args()
    texts = [text for source in SOURCES for text in chosen(source, args.data)]
    sys.stderr.write(f"{len(texts)} texts\n")
    wordpiece = WordPiece()
    encoder = Encoder(wordpiece)
    vectors = encoder.encode(texts)
    tokens = wordpiece.tokens(texts)
    save(args.out, fit(tokens, vectors, alone(encoder, wordpiece.size)))


def chosen(source: Source, data: Path) -> list[str]:
    """Different texts, cleaned, in an order that depends on the texts alone."""
    texts = {text for row in _rows(data / source.folder) for field in source.fields if len(text := clean(row[field])) > 8}
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[: source.count]


def clean(text: str) -> str:
    return " ".join(_NOISE.sub(" ", text).split())[:MAX_CHARS]


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    path = next(iter(sorted(folder.glob("data.*"))))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines) if path.suffix == ".csv" else map(json.loads, lines)
        yield from (row for row in rows if row.get("split", "train") in ("train", "oos_train"))


def alone(encoder: Encoder, size: int) -> Vectors:
    """What the encoder says of each token by itself."""
    batches = [range(at, min(at + _BATCH, size)) for at in range(0, size, _BATCH)]
    return np.concatenate([encoder.encode_tokens([[token] for token in batch]) for batch in batches])


class Bags:
    """The matrix of texts by tokens, each row a mean, without being written out."""

    def __init__(self, tokens: Sequence[Sequence[int]], size: int) -> None:
        filled = [row or [0] for row in tokens]
        self._size = size
        self._flat = np.concatenate([np.array(row) for row in filled])
        self._lengths = np.array([len(row) for row in filled], dtype=np.float32)[:, None]
        self._starts = np.concatenate([[0], np.cumsum(self._lengths[:-1, 0]).astype(np.int64)])
        rows: Vectors = np.repeat(np.arange(len(filled)), self._lengths[:, 0].astype(np.int64))
        order = np.argsort(self._flat, kind="stable")
        self._rows = rows[order]
        self._seen, self._groups = np.unique(self._flat[order], return_index=True)

    def means(self, table: Vectors) -> Vectors:
        return np.add.reduceat(table[self._flat], self._starts, axis=0) / self._lengths

    def spread(self, vectors: Vectors) -> Vectors:
        """The transposed matrix times ``vectors``."""
        table = np.zeros((self._size, vectors.shape[1]), dtype=np.float32)
        table[self._seen] = np.add.reduceat((vectors / self._lengths)[self._rows], self._groups, axis=0)
        return table


def fit(tokens: Sequence[Sequence[int]], vectors: Vectors, single: Vectors, dimensions: int = DIMENSIONS) -> Vectors:
    """One row a token; ``single``: what the encoder says of each token alone."""
    main_directions = np.linalg.svd(vectors.T @ vectors)[0][:, :dimensions]
    wanted = (vectors @ main_directions).astype(np.float32)
    bags = Bags(tokens, len(single))
    start = ((single - single.mean(axis=0)) @ main_directions * _weights(len(single))[:, None]).astype(np.float32)
    guess = bags.means(start)
    start *= (guess * wanted).sum() / (guess * guess).sum()
    return start + _solve(bags, bags.spread(wanted - bags.means(start)))


def _weights(size: int) -> Vectors:
    """The vocabulary is in the order of frequency; Zipf's law says the rest."""
    share = 1 / np.arange(1, size + 1)
    return _COMMON / (_COMMON + share / share.sum())


def _solve(bags: Bags, right: Vectors) -> Vectors:
    """Conjugate gradients on the normal equations, every column by itself."""
    found, residual, direction = np.zeros_like(right), right.copy(), right.copy()
    size = (residual * residual).sum(axis=0)
    for _ in range(STEPS):
        image = bags.spread(bags.means(direction)) + RIDGE * direction
        step = size / ((direction * image).sum(axis=0) + 1e-20)
        found += step * direction
        residual -= step * image
        fresh = (residual * residual).sum(axis=0)
        direction = residual + fresh / (size + 1e-20) * direction
        size = fresh
    return found


if __name__ == "__main__":
    main()
