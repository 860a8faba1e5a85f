"""Every detector by its name: what a policy may ask for (``Catalog``) and how it is built (``build``). One visible list."""

from dataclasses import dataclass

from detectors.contract import Disguise, TextDetector
from detectors.text.custom import CustomPattern, pattern_problem
from detectors.text.entities import PATTERN_ENTITIES, POOLED_ENTITIES


class DetectorError(ValueError):
    """A detector cannot be built as asked; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule asks of a detector. ``entities`` None means the detector's default; ``ner_model`` a package or a local path."""

    entities: tuple[str, ...] | None = None
    patterns: tuple[CustomPattern, ...] = ()
    allow_list: tuple[str, ...] = ()
    ner_model: str | None = None
    cache_dir: str | None = None


class Catalog:
    """What exists, without building (or importing) any of it."""

    def names(self) -> frozenset[str]:
        return frozenset({"pii"})

    def entities(self, detect: str) -> frozenset[str]:
        """All entity names that the detector may yield, the user's own patterns aside."""
        return PATTERN_ENTITIES | POOLED_ENTITIES if detect == "pii" else frozenset()

    def pooled_entities(self, detect: str) -> frozenset[str]:
        """Those that are (also) found by a model that needs whole sentences."""
        return POOLED_ENTITIES if detect == "pii" else frozenset()

    def pattern_problem(self, name: str, regex: str, validator: str | None) -> str | None:
        """Why a pattern of the user's own is refused, in one sentence, or None."""
        return pattern_problem(name, regex, validator)


def build(detect: str, options: Options) -> tuple[TextDetector, ...]:
    """The detectors that the asked entities need."""
    if detect != "pii":
        raise DetectorError(f"there is no detector {detect!r}; there is: {', '.join(sorted(Catalog().names()))}")
    return _build_pii(options)


def _build_pii(options: Options) -> tuple[TextDetector, ...]:
    from detectors.text.entities import DEFAULT_ENTITIES
    from detectors.text.ner import ModelMissingError, PiiNames
    from detectors.text.pii import PiiPatterns

    entities = frozenset(DEFAULT_ENTITIES if options.entities is None else options.entities)
    _check(entities, options.patterns)
    built: list[TextDetector] = []
    if entities & PATTERN_ENTITIES:
        built.append(PiiPatterns(entities & PATTERN_ENTITIES, options.allow_list, options.cache_dir))
    if options.patterns:
        from detectors.text.custom_scan import PiiCustom

        built += [PiiCustom(patterns, options.allow_list, options.cache_dir) for patterns in _alike(options.patterns)]
    if entities & POOLED_ENTITIES:
        try:
            built.append(PiiNames(entities & POOLED_ENTITIES, options.allow_list, options.ner_model))
        except ModelMissingError as error:
            raise DetectorError("names need a spaCy model: install the extra 'ner' or name a model's directory") from error
    return tuple(built)


def _alike(patterns: tuple[CustomPattern, ...]) -> list[list[CustomPattern]]:
    """Those that ask for the same disguises together: each detector is shown only what its patterns ask for."""
    groups: dict[frozenset[Disguise], list[CustomPattern]] = {}
    for pattern in patterns:
        groups.setdefault(pattern.disguises, []).append(pattern)
    return list(groups.values())


def _check(entities: frozenset[str], patterns: tuple[CustomPattern, ...]) -> None:
    unknown = entities - PATTERN_ENTITIES - POOLED_ENTITIES - {pattern.name for pattern in patterns}
    if unknown:
        raise DetectorError(f"pii has no entity {', '.join(sorted(unknown))}")
    for pattern in patterns:
        problem = pattern_problem(pattern.name, pattern.regex, pattern.validator)
        if problem:
            raise DetectorError(f"pattern {pattern.name}: {problem}")
