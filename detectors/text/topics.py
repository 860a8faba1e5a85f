"""Whether a turn is outside the topics that a policy allows, each known by a few examples. In a pool; see ``scope`` for the measure.

Two tiers: a table of token vectors settles what is clear in tens of microseconds, the encoder the rest. A finding covers the whole turn;
its score is one less the chance that a turn of the allowed topics looks as strange: where that is a policy's ``max_fpr`` or less, the turn
is stopped, and that is a false alarm no more often. The chance is fitted to the author's own examples, each judged by the others; it holds
as far as the examples are like what users say.

A turn of several parts has as many chances to look strange. So the chances of its parts are joined by Simes' rule ("An improved Bonferroni
procedure", Biometrika 1986): the strangest counts times the number of parts, the two strangest half of that, and so on; and the mean of the
parts is judged as well, which varies less than one of them. More parts that are outside do not make a turn likelier to pass, and what is
put around one does so only up to a point.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from detectors.calibration import fitted
from detectors.contract import Factory, Scanner, Shown
from detectors.finding import Evidence, Finding
from detectors.text import scope
from detectors.text.encoder import SHA256, Encoder
from detectors.text.static_embeddings import StaticEmbeddings
from detectors.text.turns import Part, parts, text_of
from detectors.text.wordpiece import WordPiece

NAME = "topics"
KIND = "topics.outside"
MIN_EXAMPLES = 2
_REVISION = "2"

_MOST_PARTS = 12
"""A turn of more parts than this is not given more chances: so much can be put around what is outside."""
_ALIKE = 0.4
"""How far the scores of the parts of one turn go together, as a correlation."""

_FAR = 0.79
"""The score from which on a text is far from the topics, whatever these are."""

# By how much a text's cheap score may lie above the examples' mean to be settled as inside, and above their largest as outside; and how
# far above its mean the encoder puts a text whose cheap score is so far above its own. Chosen on one half of CLINC150's intents.
_INSIDE, _OUTSIDE = 0.07, 0.2
_CHEAP = (-0.3, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.7)
_ENCODED = (-0.23, -0.1, 0.0, 0.13, 0.26, 0.36, 0.43, 0.55)

Examples = Mapping[str, Sequence[str]]
Vectors = Any  # numpy's arrays


class Topics:
    """Pooled: judges whole turns, in units that ``turns.with_context`` makes."""

    name = NAME
    reads: Shown = "turn"

    def __init__(self, examples: Examples) -> None:
        plain = json.dumps({topic: list(texts) for topic, texts in sorted(examples.items())})
        self.factory = Factory("detectors.text.topics:build", {"examples": plain})
        self.digest = f"topics:{hashlib.sha256(chr(0).join((_REVISION, SHA256, plain)).encode()).hexdigest()[:16]}"

    def is_candidate(self, unit: str) -> bool:
        return any(map(str.isalnum, text_of(unit)))


def build(examples: str) -> Scanner:
    """What a worker process runs."""
    judge = Judge(json.loads(examples))

    def scan(units: Sequence[str]) -> list[list[Finding]]:
        chances = judge.chances(units)
        return [
            [Finding(NAME, KIND, 0, len(text_of(unit)), 1 - chance, Evidence.MODEL)] for unit, chance in zip(units, chances, strict=True)
        ]

    return scan


class Judge:
    """Learns the topics when it is made: milliseconds an example. ``encoded`` of ``judged`` readings were not clear to the cheap tier."""

    def __init__(self, examples: Examples) -> None:
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
        self._usual_parts = fmean(max(1, len(parts(text))) for text in texts)
        self.table = fitted(self._worst(encoded, texts, held_out), max(1, len(texts) - len(examples)))
        self.judged = self.encoded = 0

    def _worst(self, fitted: scope.Fit, texts: Sequence[str], held_out: Sequence[float]) -> list[float]:
        """What each example scores as a turn, from all the other examples: by its strangest part, where it has several."""
        several = {row: turn for row, text in enumerate(texts) if len(turn := parts(text)) > 1}
        vectors = iter(self._encoder.encode([part.alone for turn in several.values() for part in turn]))
        found = list(held_out)
        for row, turn in several.items():
            found[row] = max(fitted.without(row).scores(np.stack([next(vectors) for _ in turn])))
        return found

    def chances(self, units: Sequence[str]) -> list[float]:
        """Of each unit: how likely a turn of the allowed topics is to look as strange."""
        return [self._chance(scores) if scores else 1.0 for scores in self._part_scores(units)]

    def _chance(self, scores: Sequence[float]) -> float:
        """Of a turn, given its parts' scores. Those of the examples had as many parts as is usual."""
        count = min(len(scores), _MOST_PARTS) / self._usual_parts
        chances = sorted(map(self.table.tail, scores))
        strangest = min(chance * max(1.0, count / rank) for rank, chance in enumerate(chances, 1))
        narrower = math.sqrt(_ALIKE + (1 - _ALIKE) / len(scores))
        return min(1.0, strangest, self.table.tail(self._mean + (fmean(scores) - self._mean) / narrower))

    def _part_scores(self, units: Sequence[str]) -> list[list[float]]:
        """The score of each part of each unit. What leans says too little by itself for the table: the encoder judges it."""
        turns = [parts(unit) for unit in units]
        found = [part for turn in turns for part in turn]
        plain = [*dict.fromkeys(part.joined or part.alone for part in found)]
        said = [*dict.fromkeys(text for part in found if part.joined for text in (part.alone, part.own) if text)]
        scores = dict(zip(plain, self.scores(plain), strict=True)) | dict(zip(said, self._encoded(said), strict=True))
        return [[self._part_score(part, scores) for part in turn] for turn in turns]

    def _part_score(self, part: Part, scores: Mapping[str, float]) -> float:
        """By the reading that is closest to the topics; what a part leans on does not count if its own word is far from them."""
        said = min(scores[part.alone], scores.get(part.own, 1.0))
        return said if part.own and said >= _FAR else min(said, scores.get(part.joined, 1.0))

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Raw: how far outside each text is, as one part without context."""
        if not texts:
            return []
        cheap = np.array(self._cheap.scores(self._static.embed(texts)))
        above = cheap - self._cheap_mean
        is_outside = cheap >= self._cheap_largest + _OUTSIDE
        scores = np.clip(self._mean + np.interp(above, _CHEAP, _ENCODED), np.where(is_outside, _FAR, 0.0), 1.0)
        open_rows = np.flatnonzero((above > _INSIDE) & ~is_outside)
        self.judged += len(texts)
        self.encoded += len(open_rows)
        if len(open_rows):
            scores[open_rows] = self._encoded([texts[int(row)] for row in open_rows])
        return [float(score) for score in scores]

    def _encoded(self, texts: Sequence[str]) -> list[float]:
        return self._scope.scores(self._encoder.encode(texts)) if texts else []
