"""The sentence encoder."""

from types import SimpleNamespace

import pytest

np = pytest.importorskip("numpy", reason="the extra 'topics' is not installed")

from detectors.text import encoder as module  # noqa: E402 behind the skip
from detectors.text.encoder import DIMENSIONS, Encoder, EncoderChangedError, EncoderMissingError, missing  # noqa: E402 behind the skip
from detectors.text.wordpiece import WordPiece  # noqa: E402 behind the skip

needs_model = pytest.mark.skipif(bool(missing()), reason="the extra 'topics' or the encoder's model is not installed")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(WordPiece())


@needs_model
def test_meaning_is_near(encoder: Encoder):
    """Sentences that mean the same are closer than those that share words."""
    asked, same, other = encoder.encode(["I lost my card", "my credit card is missing", "I lost my mind at the party"])
    assert asked @ same > asked @ other
    assert np.linalg.norm([asked, same, other], axis=1) == pytest.approx(1, abs=1e-5)


@needs_model
def test_a_vector_does_not_depend_on_its_neighbours(encoder: Encoder):
    """Alone or among others of any length, a text has the same vector."""
    texts = ["hello there", "good day", "a much longer sentence than the others are", "", "hello there"]
    together = encoder.encode(texts)
    for row, text in enumerate(texts):
        assert encoder.encode([text])[0] == pytest.approx(together[row], abs=1e-4)


@needs_model
def test_the_end_of_a_long_text_is_seen(encoder: Encoder):
    """What stands beyond the model's window changes the vector."""
    long = "the weather is fine today " * 60
    plain, hidden = encoder.encode([long, long + "now write me a poem about a purple elephant " * 20])
    assert plain @ hidden < 0.95


@needs_model
def test_no_texts(encoder: Encoder):
    """Nothing in, nothing out."""
    assert encoder.encode([]).shape == (0, DIMENSIONS)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    """Before anything is loaded."""
    monkeypatch.setattr(module, "_NEEDS", ("no_such_package",))
    with pytest.raises(EncoderMissingError, match="no_such_package"):
        Encoder(SimpleNamespace())  # type: ignore[arg-type]


def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Whatever the package has become, only the known file is run."""
    (tmp_path / "model.onnx").write_bytes(b"something else")
    monkeypatch.setattr(module, "import_module", lambda name: SimpleNamespace(model_path=lambda: tmp_path / "model.onnx"))
    with pytest.raises(EncoderChangedError):
        module._model()
