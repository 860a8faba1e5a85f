"""Rebuilds ``models/language_calibration.json``: how foreign text in an allowed language looks, by its letters.

The texts are those of the sets, and pieces of a few words of each, for users answer in a few words.

``python -m detectors.training.calibrate_language --data DIR`` with the development sets in DIR: English utterances and Spanish sentences.
"""

import argparse
import csv
import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from detectors.calibration import Table, table
from detectors.text import language
from detectors.text.sentences import sentences

_COUNT = 2000
"""Texts of each set."""
_KNOTS, _LAST, _DIGITS = 100, 20, 6
_MIN_CHARS, _MAX_CHARS = 30, 200
_WORDS = (2, 3)
"""Of the pieces."""
_LETTERS = (8, 12, 20, 32, 48)
"""Where a table begins: of fewer letters than the first nothing can be said."""
_SETS = (("odd_clinc150", "en"), ("odd_banking77", "en"), ("odd_snips", "en"), ("pii_meddocan_es", "es"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of the development sets")
    parser.add_argument("--out", type=Path, default=language._TABLE, help="default: in its place among the models")  # noqa: SLF001
    args = parser.parse_args()
    identifier = language._identifier()  # noqa: SLF001
    scores: list[list[float]] = [[] for _ in _LETTERS]
    for folder, code in _SETS:
        for text in chosen(args.data / folder, code):
            for piece in (text, *pieces(text)):
                if (at := bisect_right(_LETTERS, language.letters(piece))) > 0:
                    scores[at - 1].append(language.foreign(identifier, language.kin((code,)), piece))
    found = language.ByLength(_LETTERS, tuple(thinned(table(each)) for each in scores))
    args.out.write_text(json.dumps(found.as_json(), separators=(",", ":")) + "\n", encoding="utf-8")


def pieces(text: str) -> Iterator[str]:
    """A few neighbouring words, from a place that depends on the text alone."""
    words = text.split()
    start = hashlib.sha256(text.encode()).digest()[0]
    for count in _WORDS:
        if len(words) > count:
            at = start % (len(words) - count + 1)
            yield " ".join(words[at : at + count])


def chosen(folder: Path, code: str) -> list[str]:
    """Texts in an order that depends on the texts alone; of documents their sentences."""
    texts = set(_texts(folder))
    if code == "es":
        cut = (text[start:end].strip() for text in texts for start, end in sentences(text))
        texts = {sentence for sentence in cut if _MIN_CHARS <= len(sentence) <= _MAX_CHARS}
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:_COUNT]


def _texts(folder: Path) -> Iterator[str]:
    path = next(iter(sorted(folder.glob("data.*"))))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines) if path.suffix == ".csv" else map(json.loads, lines)
        yield from (row["text"] for row in rows)


def thinned(full: Table) -> Table:
    """A hundred knots say enough; the last stay, for the tail is what is asked."""
    last = len(full.scores)
    kept = sorted({*range(0, last, max(1, last // _KNOTS)), *range(max(0, last - _LAST), last)})
    knots = {round(full.scores[at], _DIGITS): round(full.tails[at], _DIGITS) for at in reversed(kept)}
    return Table(tuple(reversed(knots)), tuple(reversed(knots.values())), full.samples)


if __name__ == "__main__":
    main()
