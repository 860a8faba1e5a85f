"""How words are grouped."""

import pytest

np = pytest.importorskip("numpy", reason="the extra 'domain' is not installed")

from detectors.training.fit_word_groups import clusters, grouped, in_order  # noqa: E402 behind the skip

CHANCE = np.random.default_rng(1)
CENTRES = np.eye(8)[:4]
VECTORS = np.concatenate([centre + 0.05 * CHANCE.standard_normal((20, 8)) for centre in CENTRES])


def test_clusters_are_found():
    """Four heaps of vectors have a centre each, the same on every run."""
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    found = clusters(unit, 4)
    assert np.array_equal(found, clusters(unit, 4))
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)
    nearest = (unit @ found.T).argmax(axis=1)
    assert all(len({*nearest[heap * 20 : heap * 20 + 20]}) == 1 for heap in range(4))


def test_neighbours_are_alike():
    """Each number comes once, and centres on a line come in its order, from either end."""
    line = np.array([[0.0, 3.0], [0.0, 1.0], [0.0, 4.0], [0.0, 2.0]])
    assert in_order(line) in ([1, 3, 0, 2], [2, 0, 3, 1])


def test_grouped():
    """Every word is in one group, together with its like, with a weight that grows with its length."""
    words = [f"w{at}" for at in range(80)]
    groups = grouped(words, VECTORS, np.linspace(0.0, 3.0, 80), count=4)
    assert sorted(word for group in groups for word in group) == sorted(words)
    assert {frozenset(int(word[1:]) // 20 for word in group) for group in groups} == {frozenset({heap}) for heap in range(4)}
    weights = {word: weight for group in groups for word, weight in group.items()}
    assert 1 == weights["w0"] < weights["w40"] < weights["w79"] == 270
