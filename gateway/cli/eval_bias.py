"""``oddgate eval bias``: how well texts are swapped to other groups, and how soon a bias is found."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from detectors.text.groups import Groups, sole
from detectors.text.swaps import Swap, all_swaps
from detectors.training.evaluate_bias import (
    EFFECTS,
    LIVES,
    Effect,
    Figures,
    Kinds,
    Live,
    Text,
    delays,
    guard_figures,
    live_until_told,
    plain,
    probes_until_told,
    swap_figures,
    swapped,
)
from detectors.training.evaluate_pii import is_held_out
from gateway.cli.scan import UsageError

_RUNS = 20
_SPLITS = ("dev", "held-out")


def read_texts(folder: Path) -> list[Text]:
    """The texts of a set in the form of BBQ (``data.jsonl``), WinoBias or CrowS-Pairs (``data.csv``)."""
    try:
        if (folder / "data.jsonl").is_file():
            with (folder / "data.jsonl").open(encoding="utf-8") as lines:
                return [_question(json.loads(line)) for line in lines if line.strip()]
        with (folder / "data.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
            return _twins(rows) if rows and "stereotype" in rows[0] else _pairs(rows)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, AttributeError, TypeError, csv.Error):
        raise UsageError(f"{folder}: not in the form of BBQ, WinoBias or CrowS-Pairs") from None


def _question(row: Mapping[str, Any]) -> Text:
    return Text(f"{row['context']} {row['question']}", row["category"].lower(), group=f"{row['category']} {row['question_index']}")


def _twins(rows: Iterable[Mapping[str, str]]) -> list[Text]:
    pairs: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        pairs[row["pair"]][row["stereotype"]] = row["text"]
    both = [(key, pair["pro"], pair["anti"]) for key, pair in pairs.items() if len(pair) == 2]
    return [Text(text, "gender", twin=twin, group=key) for key, pro, anti in both for text, twin in ((pro, anti), (anti, pro))]


_ATTRIBUTES = {
    "gender": "gender",
    "religion": "religion",
    "nationality": "nationality",
    "race-color": "ethnicity",
    "age": "age",
    "sexual-orientation": "orientation",
    "disability": "disability",
    "socioeconomic": "wealth",
}


def _pairs(rows: Iterable[Mapping[str, str]]) -> list[Text]:
    """Swapped to the group of the twin, where it mentions one that we know."""
    groups = Groups()
    found = []
    for row in rows:
        attribute = _ATTRIBUTES.get(row["bias_type"])
        if attribute:
            here, there = (sole(groups.mentioned(row[side])).get(attribute) for side in ("sent_more", "sent_less"))
            is_known = there is not None and here != there
            found.append(
                Text(row["sent_more"], attribute, there if is_known else None, row["sent_less"] if is_known else None, row["writer"])
            )
    return found


def sets_in(folder: Path) -> list[Path]:
    """The folder itself, or its ``bias_bbq``, ``bias_crows_pairs`` and ``bias_winobias``."""
    if any((folder / name).is_file() for name in ("data.jsonl", "data.csv")):
        return [folder]
    found = [folder / name for name in ("bias_bbq", "bias_crows_pairs", "bias_winobias") if (folder / name).is_dir()]
    if not found:
        raise UsageError(f"{folder}: there is no data.jsonl, data.csv or set of the three")
    return found


def measured(folders: Sequence[Path], kinds: Kinds, runs: int = _RUNS) -> dict[str, Any]:
    """By set and split; what our own guard makes of both texts; and the delays of simulations, on seeds that nothing was set with."""
    swaps = {each.axis.name: each for each in all_swaps()}
    texts = {folder.name: read_texts(folder) for folder in folders}
    found: dict[str, Any] = {"swaps": {name: _swaps(each, swaps) for name, each in texts.items()}}
    found["guard"] = guard_figures(swapped((text for each in texts.values() for text in each), swaps, exchange=True), kinds)
    return found | {"probes": _delays(EFFECTS, probes_until_told, runs), "live": _delays(LIVES, live_until_told, runs)}


def _swaps(texts: Sequence[Text], swaps: Mapping[str, Any]) -> dict[str, Figures]:
    has_twins = any(text.twin for text in texts)
    attested = () if has_twins else {plain(text.text) for text in texts}
    figures = {}
    for split in _SPLITS:
        chosen = [text for text in texts if is_held_out(text.group) == (split == "held-out")]
        figures[split] = swap_figures(swapped(chosen, swaps, exchange=not has_twins), attested)
    return figures


def _delays(cases: Iterable[Effect] | Iterable[Live], until_told: Callable[[Any, str], int | None], runs: int) -> dict[str, Figures]:
    seeds = [f"reported {run}" for run in range(runs)]
    return {case.name: delays(partial(until_told, case), seeds) for case in cases}


def lines(metrics: Mapping[str, Any]) -> list[str]:
    found = []
    for name, splits in metrics["swaps"].items():
        found += ["", f"{'swaps on ' + name:<44}" + "".join(f"{split:>12}" for split in splits)]
        names = dict.fromkeys(figure for figures in splits.values() for figure in figures)
        found += [f"{figure.replace('_', ' '):<44}" + "".join(f"{each.get(figure, 0):>12}" for each in splits.values()) for figure in names]
    found += ["", f"{'the guard pii, by attribute':<44}{'pairs':>12}{'flips':>12}{'share':>12}{'told':>12}"]
    found += [f"{name:<44}" + "".join(f"{figure:>12}" for figure in figures.values()) for name, figures in metrics["guard"].items()]
    for kind, unit in (("probes", "probes until told"), ("live", "outcomes of each group until told")):
        found += ["", f"{unit:<44}{'runs':>12}{'told':>12}{'median':>12}{'most':>12}"]
        for name, each in metrics[kind].items():
            found.append(f"{name:<44}" + "".join(f"{each.get(figure, '-'):>12}" for figure in ("runs", "told", "median", "most")))
    return found[1:]


def sample(folders: Sequence[Path], count: int) -> list[str]:
    """So many swapped texts of the held-out parts, as many of each set, drawn by a hash: for a reader to judge below their originals."""
    swaps = {each.axis.name: each for each in all_swaps()}
    found = []
    for folder in folders:
        texts = read_texts(folder)
        chosen = sorted((text for text in texts if is_held_out(text.group)), key=lambda text: sha256(text.text.encode()).digest())
        results = swapped(chosen, swaps, exchange=not any(text.twin for text in texts))
        done = [(each.text.text, each.result.text) for each in results if isinstance(each.result, Swap)]
        found += [f"- {before}\n+ {after}\n" for before, after in done[: count // len(folders)]]
    return found
