"""How well personal data is found: spans by entity, values leaked, processor time. Pure, given labelled texts and a way to detect.

A finding is right when it has the label's entity and shares at least half of their joined length (IoU >= 0.5); each label is found once.
A value is *leaked* when any of its characters is covered by no finding of any kind: what redaction would leave. Nothing here counts tokens,
so no tokenizer's habits are in the figures.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from detectors.finding import Finding

Detect = Callable[[Sequence[str]], list[list[Finding]]]
"""Texts in, disjoint findings of each text out."""

_HELD_OUT = 0.3

ENTITY_OF = {
    # presidio-research
    "GPE": "LOCATION",
    "STREET_ADDRESS": "LOCATION",
    "ZIP_CODE": "LOCATION",
    "DOMAIN_NAME": "URL",
    # MEDDOCAN
    "NOMBRE_SUJETO_ASISTENCIA": "PERSON",
    "NOMBRE_PERSONAL_SANITARIO": "PERSON",
    "CORREO_ELECTRONICO": "EMAIL_ADDRESS",
    "NUMERO_TELEFONO": "PHONE_NUMBER",
    "NUMERO_FAX": "PHONE_NUMBER",
    "CALLE": "LOCATION",
    "TERRITORIO": "LOCATION",
    "PAIS": "LOCATION",
    "FECHAS": "DATE_TIME",
    "URL_WEB": "URL",
    "DIREC_PROT_INTERNET": "IP_ADDRESS",
    "HOSPITAL": "LOCATION",
    "CENTRO_SALUD": "LOCATION",
    "INSTITUCION": "ORGANIZATION",
}
"""What a data set's label is called here; a name that is already an entity stays."""

UNCOVERED = frozenset({"TITLE", "AGE", "ORGANIZATION"})
"""Labels that nothing here claims to find by default: counted, not scored."""


@dataclass(frozen=True, slots=True)
class Label:
    start: int
    end: int
    name: str
    """The data set's own name of it."""

    @property
    def entity(self) -> str:
        return ENTITY_OF.get(self.name, self.name)


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text; ``group`` names what it was made from (a template), so that a split keeps the like together."""

    text: str
    labels: tuple[Label, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One entity's figures."""

    labels: int
    found: int
    false_alarms: int
    leaked: int

    @property
    def precision(self) -> float:
        return _share(self.found, self.found + self.false_alarms)

    @property
    def recall(self) -> float:
        return _share(self.found, self.labels)

    @property
    def leaked_share(self) -> float:
        return _share(self.leaked, self.labels)

    def f(self, beta: int) -> float:
        """The F measure; with ``beta`` 2, recall weighs as much as four times precision."""
        weight = beta * beta
        return _share((1 + weight) * self.found, (1 + weight) * self.found + weight * (self.labels - self.found) + self.false_alarms)

    def as_json(self) -> dict[str, float | int]:
        return {
            "labels": self.labels,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f(1), 4),
            "f2": round(self.f(2), 4),
            "false_alarms": self.false_alarms,
            "leaked": round(self.leaked_share, 4),
        }

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.labels + other.labels, self.found + other.found, self.false_alarms + other.false_alarms, self.leaked + other.leaked
        )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def evaluate(rows: Sequence[Row], found: Sequence[Sequence[Finding]], known: Iterable[str]) -> dict[str, Score]:
    """Scores by entity, for the entities that some label or finding has. Labels outside ``known`` are left out (see ``uncovered``)."""
    counts: dict[str, Counter[str]] = {entity: Counter() for entity in known if entity not in UNCOVERED}
    for row, findings in zip(rows, found, strict=True):
        labels = [label for label in row.labels if label.entity in counts]
        _count_found(labels, [finding for finding in findings if finding.entity in counts], counts)
        for label in labels:
            counts[label.entity]["labels"] += 1
            counts[label.entity]["leaked"] += _is_leaked(label, findings)
    return {
        entity: Score(c["labels"], c["found"], c["false"], c["leaked"]) for entity, c in sorted(counts.items()) if c["labels"] or c["false"]
    }


def _count_found(labels: Sequence[Label], findings: Sequence[Finding], counts: Mapping[str, Counter[str]]) -> None:
    """Pairs, best overlap first; what is left over is a miss or a false alarm."""
    pairs = sorted(
        ((iou, i, j) for i, label in enumerate(labels) for j, finding in enumerate(findings) if (iou := _iou(label, finding)) >= 0.5),
        key=lambda pair: -pair[0],
    )
    taken: set[int] = set()
    used: set[int] = set()
    for _, i, j in pairs:
        if i not in taken and j not in used:
            taken.add(i)
            used.add(j)
            counts[labels[i].entity]["found"] += 1
    for j, finding in enumerate(findings):
        counts[finding.entity]["false"] += j not in used


def _iou(label: Label, finding: Finding) -> float:
    if label.entity != finding.entity:
        return 0.0
    shared = min(label.end, finding.end) - max(label.start, finding.start)
    return max(0, shared) / (max(label.end, finding.end) - min(label.start, finding.start))


def _is_leaked(label: Label, findings: Sequence[Finding]) -> bool:
    covered = {at for finding in findings for at in range(max(finding.start, label.start), min(finding.end, label.end))}
    return len(covered) < label.end - label.start


def total(scores: Mapping[str, Score]) -> Score:
    """All entities together (micro average)."""
    return sum(scores.values(), Score(0, 0, 0, 0))


def uncovered(rows: Sequence[Row], known: Iterable[str]) -> dict[str, int]:
    """How often each label occurs that no entity covers."""
    scored = frozenset(known) - UNCOVERED
    return dict(Counter(label.name for row in rows for label in row.labels if label.entity not in scored).most_common())


def is_held_out(group: str) -> bool:
    """The same three groups in ten wherever and whenever it is asked."""
    return hashlib.sha256(group.encode()).digest()[0] < _HELD_OUT * 256
