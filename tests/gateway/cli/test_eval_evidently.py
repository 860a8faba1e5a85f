"""Evidently's preset beside ``eval drift``, without it."""

from collections.abc import Iterable, Iterator

import pytest

from detectors.training.drift_streams import Text
from gateway.cli import eval_evidently
from gateway.cli.eval_evidently import AFTER, CHANGES, NO_DRIFT, baseline, lines
from gateway.watch.drift.windows import Tables

TEXTS = {name: [Text(at * 20 + each, 20 + each) for each in range(5)] for at, name in enumerate(("a", "b", "c"))}


def test_baseline(monkeypatch: pytest.MonkeyPatch):
    """What is flagged in every other report without a change tells nothing of one; the first report that flags the right side counts."""
    seen: list[Tables] = []

    def reports(windows: Iterable[Tables]) -> Iterator[dict[str, dict[str, bool]]]:
        for number, each in enumerate(windows):
            seen.append(each)
            flagged = {"input.topics"} if number < NO_DRIFT else {"input.topics", "input.language"} if number % AFTER == 0 else set()
            yield {name: {"drifted": name in flagged} for name in ("input.topics", "input.language", "policy.verdict")}

    monkeypatch.setattr(eval_evidently, "reports", reports)
    said = baseline(TEXTS, "held-out")
    assert len(seen) == NO_DRIFT + AFTER * len(CHANGES)
    assert {each.sizes for each in seen} == {(5000, 500)}
    assert said["no_drift"] == {"reports": NO_DRIFT, "with_alarm": NO_DRIFT, "columns": {"input.topics": NO_DRIFT}}
    assert said["delays"]["blocked 1% → 3%"] is None
    first = next(at for at in range(1, AFTER + 1) if (NO_DRIFT + at - 1) % AFTER == 0)
    assert said["delays"]["language 10%"] == said["delays"]["new topic 30%"] == 500 * first
    told = "\n".join(lines(said))
    assert f"flag a column: {NO_DRIFT} of {NO_DRIFT} (input.topics {NO_DRIFT})" in told
    assert "blocked 1% → 3%                    -" in told
