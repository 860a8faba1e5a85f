"""Scopes, on vectors made by hand."""

import pytest

np = pytest.importorskip("numpy", reason="the extra 'topics' is not installed")

from detectors.text import scope  # noqa: E402 behind the skip


def _near(centers, each: int, seed: int, width: float = 0.3):
    chance = np.random.default_rng(seed)
    rows = np.repeat(np.asarray(centers, dtype=float), each, axis=0)
    rows = rows + width * chance.standard_normal(rows.shape) / np.sqrt(rows.shape[1])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


CENTERS = np.eye(24)[:3]
LABELS = ["a"] * 8 + ["b"] * 8 + ["c"] * 8


def test_inside_is_below_outside():
    """Fresh vectors of the topics score lower than any of elsewhere, and each is closest to its own topic."""
    fitted = scope.fit(_near(CENTERS, 8, seed=1), LABELS).scope
    inside, outside = _near(CENTERS, 20, seed=2), _near(np.eye(24)[5:10], 20, seed=3)
    assert max(fitted.scores(inside)) < min(fitted.scores(outside))
    assert fitted.closeness(inside).argmax(axis=1).tolist() == [0] * 20 + [1] * 20 + [2] * 20
    assert fitted.topics == ("a", "b", "c")


def test_scores_lie_in_the_unit_interval():
    """Small at the examples, near 1 opposite to them."""
    examples = _near(CENTERS, 8, seed=1)
    fitted = scope.fit(examples, LABELS).scope
    assert all(0 <= value <= 1 for value in fitted.scores(np.concatenate([examples, -examples])))
    assert max(fitted.scores(examples)) < 0.3
    assert min(fitted.scores(-CENTERS)) > 0.9


@pytest.mark.parametrize("row", [0, 9, 23])
def test_held_out_is_what_a_fit_without_it_says(row: int):
    """The closed form equals fitting again without the example."""
    examples = _near(CENTERS, 8, seed=4)
    others = [at for at in range(len(LABELS)) if at != row]
    again = scope.fit(examples[others], [LABELS[at] for at in others]).scope
    whole = scope.fit(examples, LABELS)
    asked = np.concatenate([examples[row : row + 1], _near(CENTERS, 2, seed=9)])
    assert whole.without(row).scores(asked) == pytest.approx(again.scores(asked), abs=1e-4)
    assert whole.held_out()[row] == pytest.approx(whole.without(row).scores(asked)[0])


def test_order_of_the_examples_does_not_matter():
    """Nor does the order of the topics."""
    examples = _near(CENTERS, 8, seed=5)
    asked = _near(CENTERS, 3, seed=6)
    backwards = scope.fit(examples[::-1], LABELS[::-1])
    assert scope.fit(examples, LABELS).scope.scores(asked) == pytest.approx(backwards.scope.scores(asked), abs=1e-4)


def test_more_examples_than_landmarks(monkeypatch: pytest.MonkeyPatch):
    """All are learnt from, few are compared with, as many of each topic; the order of scores stays."""
    monkeypatch.setattr(scope, "MAX_LANDMARKS", 6)
    fit = scope.fit(_near(CENTERS, 8, seed=1), LABELS)
    fitted = fit.scope
    assert fitted._landmarks.shape[0] == 6
    assert len(fit.held_out()) == 24
    assert max(fitted.scores(_near(CENTERS, 9, seed=2))) < min(fitted.scores(_near(np.eye(24)[5:8], 9, seed=3)))


def test_one_topic():
    """A scope of a single topic tells it from the rest."""
    fitted = scope.fit(_near(CENTERS[:1], 5, seed=1), ["a"] * 5).scope
    assert max(fitted.scores(_near(CENTERS[:1], 9, seed=2))) < min(fitted.scores(_near(CENTERS[1:], 9, seed=3)))


def test_equal_examples():
    """Ten times the same example is a topic too."""
    fit = scope.fit(np.repeat(CENTERS[:2], 5, axis=0), ["a"] * 5 + ["b"] * 5)
    assert all(np.isfinite(fit.held_out()))
    fitted = fit.scope
    assert fitted.scores(CENTERS[:1])[0] < 0.1 < fitted.scores(CENTERS[2:])[0]
