"""Vectors from the table of tokens."""

import pytest

np = pytest.importorskip("numpy", reason="the extra 'topics' is not installed")
pytest.importorskip("tokenizers", reason="the extra 'topics' is not installed")

from detectors.text.static_embeddings import StaticEmbeddings, save  # noqa: E402 behind the skip
from detectors.text.wordpiece import WordPiece  # noqa: E402 behind the skip


@pytest.fixture(scope="module")
def wordpiece() -> WordPiece:
    return WordPiece()


def test_meaning_is_near(wordpiece: WordPiece):
    """The shipped table knows which texts are alike."""
    asked, same, other = StaticEmbeddings(wordpiece).embed(["I lost my card", "my credit card is missing", "play some music"])
    assert asked @ same > 0.5 > asked @ other
    assert np.linalg.norm([asked, same, other], axis=1) == pytest.approx(1, abs=1e-5)


def test_a_text_without_tokens_is_nowhere(wordpiece: WordPiece):
    """Its vector is 0: like nothing."""
    assert not StaticEmbeddings(wordpiece).embed([""]).any()


def test_save_and_load(wordpiece: WordPiece, tmp_path):
    """A table comes back within its rounding; a text's vector is along the mean of its tokens' rows."""
    rows = np.random.default_rng(1).standard_normal((wordpiece.size, 8)).astype(np.float32)
    path = tmp_path / "table.npz"
    save(path, rows)
    (found,) = StaticEmbeddings(wordpiece, path).embed(["hello, world"])
    (tokens,) = wordpiece.tokens(["hello, world"])
    wanted = rows[tokens].mean(axis=0)
    assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=0.02)
