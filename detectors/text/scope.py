"""How far outside a set of topics a vector lies, when each topic is known by a few examples. Pure arithmetic on unit vectors.

A topic's closeness is the mean of two measures, each near 1 at the topic and near 0 far from it: the cosine with the topic's centroid, and
kernel ridge regression of "is of this topic" on the examples, which learns what tells the topics apart. The score is one less the closest
topic's closeness. The fit is closed form, and so is the scope without any one example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Vectors = Any  # numpy's arrays: rows are unit vectors

_WIDTH, _RIDGE = 2.0, 0.1
_JITTER = 1e-6
MAX_LANDMARKS = 1000
"""More examples than this are all learnt from, but are compared with evenly chosen ones alone: a bound on time and memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """``topics`` in the order of the columns."""

    topics: tuple[str, ...]
    _landmarks: Vectors
    _weights: Vectors
    _sums: Vectors

    def closeness(self, vectors: Vectors) -> Vectors:
        """By row, then topic."""
        learnt = _kernel(vectors, self._landmarks) @ self._weights
        return (learnt + vectors @ _unit(self._sums).T) / 2

    def scores(self, vectors: Vectors) -> list[float]:
        """In [0, 1]: larger is further outside."""
        return [float(score) for score in np.clip(1 - self.closeness(vectors).max(axis=1), 0.0, 1.0)]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A scope, and what it would be without any one of its examples: exact, for both measures are linear in the examples."""

    scope: Scope
    _examples: Vectors
    _members: Vectors
    _solved: Vectors
    _corrections: Vectors

    def without(self, row: int) -> Scope:
        """The scope of all the other examples."""
        whole = self.scope
        weights = whole._weights - np.outer(self._solved[:, row], self._corrections[row])  # noqa: SLF001 its own module's
        sums = whole._sums - np.outer(self._members[row], self._examples[row])  # noqa: SLF001
        return Scope(whole.topics, whole._landmarks, weights, sums)  # noqa: SLF001

    def held_out(self) -> list[float]:
        """Each example's score from all the others."""
        return [self.without(row).scores(self._examples[row : row + 1])[0] for row in range(len(self._examples))]


def fit(vectors: Vectors, labels: Sequence[str]) -> Fit:
    """Learn the topics that ``labels`` names, one label a row."""
    topics = tuple(sorted(set(labels)))
    column = {topic: at for at, topic in enumerate(topics)}
    rows = np.array([column[label] for label in labels])
    vectors = np.asarray(vectors, dtype=np.float64)
    members = np.eye(len(topics))[rows]
    landmarks = vectors[_chosen(rows)]
    features = _kernel(vectors, landmarks)
    system = features.T @ features + _RIDGE * _kernel(landmarks, landmarks) + _JITTER * np.eye(len(landmarks))
    solved = np.linalg.solve(system, features.T)
    weights = solved @ members
    left = np.clip(1 - np.einsum("ij,ji->i", features, solved), _JITTER, None)
    corrections = (members - features @ weights) / left[:, None]
    return Fit(Scope(topics, landmarks, weights, members.T @ vectors), vectors, members, solved, corrections)


def _chosen(rows: Vectors) -> Vectors:
    """The indices of the landmarks: as many of each topic as there is place for, the first first."""
    if len(rows) <= MAX_LANDMARKS:
        return np.arange(len(rows))
    counts: dict[int, int] = {}
    turn: Vectors = np.empty(len(rows), dtype=np.int64)
    for at, topic in enumerate(rows):
        turn[at] = counts[topic] = counts.get(topic, 0) + 1
    return np.sort(np.argsort(turn, kind="stable")[:MAX_LANDMARKS])


def _kernel(left: Vectors, right: Vectors) -> Vectors:
    return np.exp(_WIDTH * (left @ right.T - 1))


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _JITTER)
