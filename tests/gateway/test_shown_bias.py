"""The numbers of what the watch knows of bias."""

from pathlib import Path

import orjson
import pytest

from gateway.shown_bias import BiasFigures
from policies.signals import DISPARITY, Level


def figures(path: Path, levels: tuple[Level, ...] = ()) -> dict:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for metric in BiasFigures(path, lambda: levels).collect()
        for sample in metric.samples
    }


def test_figures(tmp_path: Path):
    """As the watch says them; the highest level of each outcome, without a name of an application or a group."""
    path = tmp_path / "bias.json"
    probes = {"counts": {"probed": 3, "calls": 9, "made up": 1}, "today": {"usd": 0.5, "tokens": 900}}
    path.write_bytes(orjson.dumps({"apps": [{}, {}], "exchanges": 50, "with_groups": 20, "evicted": 1, "probes": probes}))
    levels = (
        Level("disparity", "blocked", 2.5, 9.0, "shop"),
        Level("disparity", "blocked", 1.5, 9.0, "other"),
        Level("disparity", "strange", 1.5, 9.0),
        Level("drift", "topics", 0.5, 9.0),
    )
    found = figures(path, levels)
    assert {name[1]: value for name, value in found.items() if name[0] == "oddgate_disparity_level"} == {
        **dict.fromkeys(DISPARITY, 0.0),
        "blocked": 2.5,
    }
    assert (found["oddgate_bias_apps",], found["oddgate_bias_exchanges_total",], found["oddgate_bias_grouped_total",]) == (2, 50, 20)
    assert (found["oddgate_probes_total", "probed"], found["oddgate_probe_calls_total",]) == (3, 9)
    assert (found["oddgate_probe_usd_today",], found["oddgate_probe_tokens_today",]) == (0.5, 900)
    assert not any("made up" in name for name in found)


@pytest.mark.parametrize("content", [None, b"", b"[1]", b"{}"])
def test_a_silent_watch(tmp_path: Path, content: bytes | None):
    """Where nothing is said, there are zeros."""
    path = tmp_path / "bias.json"
    if content is not None:
        path.write_bytes(content)
    assert set(figures(path).values()) == {0.0}
