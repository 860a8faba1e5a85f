"""The fit of the table of token vectors."""

import json

import pytest

np = pytest.importorskip("numpy", reason="the extra 'topics' is not installed")

from detectors.training import fit_static  # noqa: E402 behind the skip
from detectors.training.fit_static import Bags, Source, chosen, clean, fit  # noqa: E402 behind the skip


def test_bags_are_a_matrix_and_its_transpose():
    """Means of rows, and what a text's vector says to each of its tokens; a text without tokens has one."""
    tokens = [[1, 3, 3], [2], []]
    matrix = np.array([[0, 1 / 3, 0, 2 / 3], [0, 0, 1, 0], [1, 0, 0, 0]])
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    bags = Bags(tokens, 4)
    assert bags.means(table) == pytest.approx(matrix @ table)
    assert bags.spread(np.ones((3, 2), dtype=np.float32)) == pytest.approx(matrix.T @ np.ones((3, 2)))


def test_fit_comes_closer_to_the_encoder(monkeypatch: pytest.MonkeyPatch):
    """Where texts are means of hidden token vectors, those are found, though each token alone says something else."""
    monkeypatch.setattr(fit_static, "RIDGE", 0.001)
    chance = np.random.default_rng(3)
    hidden = chance.standard_normal((30, 6)).astype(np.float32)
    tokens = [chance.integers(0, 30, size=5).tolist() for _ in range(400)]
    vectors = np.stack([hidden[row].mean(axis=0) for row in tokens])
    table = fit(tokens, vectors, chance.standard_normal((30, 6)).astype(np.float32), dimensions=6)
    found, wanted = Bags(tokens, 30).means(table), vectors @ np.linalg.svd(vectors.T @ vectors)[0]
    assert np.abs(found - wanted).mean() < 0.1 * np.abs(wanted).mean()


def test_chosen(tmp_path):
    """The train rows' different texts, cleaned, in the same order on every run."""
    rows = [{"text": "Look  at https://a.example now &amp; here", "split": "train"}, {"text": "never taken, as it is held", "split": "val"}]
    rows += [{"text": f"number {at} of many", "split": "train"} for at in (1, 2, 3, 3)] + [{"text": "short", "split": "train"}]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    texts = chosen(Source("set", ("text",), 10), tmp_path)
    assert sorted(texts) == ["Look at now here", "number 1 of many", "number 2 of many", "number 3 of many"]
    assert chosen(Source("set", ("text",), 2), tmp_path) == texts[:2]


def test_clean_is_bounded():
    """A text's beginning, without links and handles."""
    assert clean("RT @anna: hello") == "hello"
    assert len(clean("word " * 200)) == fit_static.MAX_CHARS
