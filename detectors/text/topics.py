"""Whether a turn is outside the topics that a policy allows, each known by a few examples. In a pool; see ``scope`` for the measure.

Two tiers: a table of token vectors settles what is clear in tens of microseconds, the encoder the rest. A finding covers the whole turn;
its score is one less the chance that a turn of the allowed topics looks as strange: where that is a policy's ``max_fpr`` or less, the turn
is stopped, and that is a false alarm no more often. The chance is counted on the author's own examples, each judged by the others, and on
accepted traffic; it holds as far as the examples are like what users say.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from detectors.calibration import Table, expected, from_json, refine, table
from detectors.contract import Factory, Scanner, Shown
from detectors.finding import Evidence, Finding
from detectors.text import scope
from detectors.text.encoder import SHA256, Encoder
from detectors.text.static_embeddings import StaticEmbeddings
from detectors.text.turns import parts, text_of
from detectors.text.wordpiece import WordPiece

NAME = "topics"
KIND = "topics.outside"
MIN_EXAMPLES = 2
_REVISION = "1"

_EXPECTED = 100
"""The samples that stand for what the examples lead one to expect, beside the examples' own."""

# By how much a text's cheap score may lie above the examples' mean to be settled as inside, and above their largest as outside; and how
# far above its mean the encoder puts a text whose cheap score is so far above its own. Chosen on one half of CLINC150's intents.
_INSIDE, _OUTSIDE = 0.03, 0.2
_CHEAP = (-0.3, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.7)
_ENCODED = (-0.23, -0.1, 0.0, 0.13, 0.26, 0.36, 0.43, 0.55)

Examples = Mapping[str, Sequence[str]]
Vectors = Any  # numpy's arrays


class Topics:
    """Pooled: judges whole turns, in units that ``turns.with_context`` makes."""

    name = NAME
    reads: Shown = "turn"

    def __init__(self, examples: Examples, accepted: Table | None = None) -> None:
        """``accepted``: a table made of accepted traffic (see ``Judge.refined``), in place of the one that the examples give."""
        plain = json.dumps({topic: list(texts) for topic, texts in sorted(examples.items())})
        calibration = json.dumps(accepted.as_json()) if accepted else ""
        self.factory = Factory("detectors.text.topics:build", {"examples": plain, "calibration": calibration})
        self.digest = f"topics:{hashlib.sha256(chr(0).join((_REVISION, SHA256, plain, calibration)).encode()).hexdigest()[:16]}"

    def is_candidate(self, unit: str) -> bool:
        return any(map(str.isalnum, text_of(unit)))


def build(examples: str, calibration: str = "") -> Scanner:
    """What a worker process runs."""
    judge = Judge(json.loads(examples), from_json(json.loads(calibration)) if calibration else None)

    def scan(units: Sequence[str]) -> list[list[Finding]]:
        chances = judge.chances(units)
        return [
            [Finding(NAME, KIND, 0, len(text_of(unit)), 1 - chance, Evidence.MODEL)] for unit, chance in zip(units, chances, strict=True)
        ]

    return scan


def _table(scores: Sequence[float]) -> Table:
    return table([*expected(scores, _EXPECTED), *scores])


class Judge:
    """Learns the topics when it is made: milliseconds an example. ``encoded`` of ``judged`` readings were not clear to the cheap tier."""

    def __init__(self, examples: Examples, calibration: Table | None = None) -> None:
        if not examples or any(len(texts) < MIN_EXAMPLES for texts in examples.values()):
            raise ValueError(f"a topic needs at least {MIN_EXAMPLES} examples")
        labels = [topic for topic, texts in examples.items() for _ in texts]
        texts = [text for known in examples.values() for text in known]
        wordpiece = WordPiece()
        self._static, self._encoder = StaticEmbeddings(wordpiece), Encoder(wordpiece)
        cheap, encoded = scope.fit(self._static.embed(texts), labels), scope.fit(self._encoder.encode(texts), labels)
        self._cheap, self._scope = cheap.scope, encoded.scope
        strange = cheap.held_out()
        self._cheap_mean, self._cheap_largest = fmean(strange), max(strange)
        held_out = encoded.held_out()
        self._mean = fmean(held_out)
        self._most_parts = max(1, *(len(parts(text)) for text in texts))
        self.table = calibration or _table(self._worst(encoded, texts, held_out))
        self.judged = self.encoded = 0

    def _worst(self, fitted: scope.Fit, texts: Sequence[str], held_out: Sequence[float]) -> list[float]:
        """What each example scores as a turn, from all the other examples: by its strangest part, where it has several."""
        several = {row: turn for row, text in enumerate(texts) if len(turn := parts(text)) > 1}
        vectors = iter(self._encoder.encode([part.readings[0] for turn in several.values() for part in turn]))
        found = list(held_out)
        for row, turn in several.items():
            found[row] = max(fitted.without(row).scores(np.stack([next(vectors) for _ in turn])))
        return found

    def refined(self, accepted: Sequence[str]) -> Table:
        """The table with what accepted units score: the more there are of them, the less the examples have to say."""
        return refine(self.table, [max(scores) for scores in self._part_scores(accepted) if scores], _EXPECTED)

    def chances(self, units: Sequence[str]) -> list[float]:
        """Of each unit: how likely a turn of the allowed topics is to look as strange."""
        return [self._chance(scores) for scores in self._part_scores(units)]

    def _chance(self, scores: Sequence[float]) -> float:
        """The strangest part decides; a turn of more parts than any example has had more chances to be strange."""
        return min(1.0, max(1.0, len(scores) / self._most_parts) * self.table.tail(max(scores))) if scores else 1.0

    def _part_scores(self, units: Sequence[str]) -> list[list[float]]:
        """The score of each part of each unit, by the reading of it that is closest to the topics."""
        turns = [parts(unit) for unit in units]
        scores = iter(self.scores([reading for turn in turns for part in turn for reading in part.readings]))
        return [[min(next(scores) for _ in part.readings) for part in turn] for turn in turns]

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Raw: how far outside each text is, as one part without context."""
        if not texts:
            return []
        cheap = np.array(self._cheap.scores(self._static.embed(texts)))
        above = cheap - self._cheap_mean
        scores = np.clip(self._mean + np.interp(above, _CHEAP, _ENCODED), 0.0, 1.0)
        open_rows = np.flatnonzero((above > _INSIDE) & (cheap < self._cheap_largest + _OUTSIDE))
        self.judged += len(texts)
        self.encoded += len(open_rows)
        if len(open_rows):
            scores[open_rows] = self._scope.scores(self._encoder.encode([texts[int(row)] for row in open_rows]))
        return [float(score) for score in scores]
