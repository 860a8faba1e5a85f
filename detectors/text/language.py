"""Whether a text is written in none of the languages that a policy allows. py3langid on its first characters, in a pool: 0.1 to 1 ms.

What counts is how much the strongest few other languages hold together: a text that could be anything ("ok", a number, a line of code) is
of no other language. Close relatives that only the library tells apart count as allowed. A score is one less the chance that a text in an
allowed language looks as foreign, counted on the sets that the model's card names.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from detectors.calibration import Table, from_json
from detectors.contract import Factory, Scanner, Shown
from detectors.finding import Evidence, Finding

NAME = "language"
KIND = "language.other"
PACKAGE = "py3langid"
MAX_CHARS = 1000
"""A text is known by its first thousand characters and by its last."""

_TABLE = Path(__file__).parent.parent / "models" / "language_calibration.json"
_REVISION = "1"
_STRONGEST = 3
_NO_LANGUAGE = "zxx"
_RELATIVES = {
    "en": {"pcm"},
    "es": {"an", "ca", "ext", "gl"},
    "pt": {"gl"},
    "de": {"lb"},
    "fr": {"wa"},
    "it": {"lij", "vec"},
    "no": {"da", "nn"},
    "nb": {"no", "da", "nn"},
    "nn": {"no", "da"},
    "da": {"no", "nn"},
    "nl": {"af"},
    "hr": {"bs", "sr"},
    "bs": {"hr", "sr"},
    "sr": {"bs", "hr"},
    "cs": {"sk"},
    "sk": {"cs"},
    "id": {"ms"},
    "ms": {"id"},
    "zh": {"wuu", "yue"},
    "ar": {"ary", "arz"},
}

_Identifier: TypeAlias = Any  # of a library that need not be installed


class LanguagesMissingError(Exception):
    """The library is not installed."""


class Languages:
    """Pooled: judges whole texts."""

    name = NAME
    reads: Shown = "text"

    def __init__(self, allowed: Sequence[str]) -> None:
        """``allowed``: two-letter codes, as ``en``."""
        if find_spec(PACKAGE) is None:
            raise LanguagesMissingError(PACKAGE)
        self.factory = Factory("detectors.text.language:build", {"allowed": tuple(sorted(allowed))})
        self.digest = _digest(sorted(allowed))

    def is_candidate(self, unit: str) -> bool:
        return any(map(str.isalpha, unit))


def known_languages() -> frozenset[str]:
    """The codes that can be allowed. Loads the library's model, which takes a second."""
    return frozenset(_identifier().labels) - {_NO_LANGUAGE} | {"nb"}


def build(allowed: tuple[str, ...]) -> Scanner:
    """What a worker process runs."""
    identifier, calibration = _identifier(), _table()
    judge = partial(foreign, identifier, kin(allowed))

    def scan(units: Sequence[str]) -> list[list[Finding]]:
        return [[Finding(NAME, KIND, 0, len(unit), 1 - calibration.tail(judge(unit)), Evidence.MODEL)] for unit in units]

    return scan


def kin(allowed: Sequence[str]) -> frozenset[str]:
    """What counts as allowed."""
    return frozenset(allowed).union(*(_RELATIVES.get(code, ()) for code in allowed)) | {_NO_LANGUAGE}


def foreign(identifier: _Identifier, allowed: frozenset[str], text: str) -> float:
    """Raw: the probability of the strongest few languages that are not allowed, in [0, 1], of the stranger end of the text."""
    ends = {text[:MAX_CHARS], text[-MAX_CHARS:]}
    return max(_foreign(identifier, allowed, end) for end in ends)


def _foreign(identifier: _Identifier, allowed: frozenset[str], text: str) -> float:
    others = [float(chance) for code, chance in identifier.rank(text) if code not in allowed]
    return min(1.0, sum(others[:_STRONGEST]))


def _identifier() -> _Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _table() -> Table:
    return from_json(json.loads(_TABLE.read_text(encoding="utf-8")))


def _digest(allowed: Sequence[str]) -> str:
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        installed = ""
    parts = (_REVISION, installed, hashlib.sha256(_TABLE.read_bytes()).hexdigest(), *allowed)
    return f"language:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
