"""Killing gateway and watch: what is counted, and one short run of it."""

from bench.kills import Kills, kills


def test_what_is_missing_and_what_is_doubled_is_counted():
    """An answered exchange without a row counts, and so does a row that is there twice; one that was not answered may be kept."""
    result = Kills(seed=1)
    result.set_by(["a", "b", "c"], ["a", "c", "c", "d"])
    assert (result.answered, result.rows, result.missing, result.doubled) == (3, 4, 1, 1)


def test_nothing_is_lost_and_nothing_doubled():
    """Killed at random moments under load, gateway and watch keep each answered exchange once, and the journal's audit is sound."""
    result = kills(4, seed=3)
    assert result.path + result.watch == 4
    assert result.answered > 100
    assert (result.missing, result.doubled, result.audit) == (0, 0, 0)
