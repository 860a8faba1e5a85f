"""Whether a text is written in none of the languages that a policy allows. py3langid on its first characters, in a pool: 0.1 to 1 ms.

What counts is how much the strongest few other languages hold together: a text that could be anything ("ok", a number, a line of code) is
of no other language. Close relatives that only the library tells apart count as allowed. A score is one less the chance that a text in an
allowed language looks as foreign, counted on texts with about as many letters in the sets that the model's card names. Of few letters only
that can be said which their script says: that it is of none of the languages.
"""

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeAlias
from unicodedata import name as name_of

from detectors.calibration import Table, from_json
from detectors.contract import Factory, Scanner, Shown
from detectors.finding import Evidence, Finding

NAME = "language"
KIND = "language.other"
PACKAGE = "py3langid"
MAX_CHARS = 1000
"""A text is known by its first thousand characters and by its last."""

_TABLE = Path(__file__).parent.parent / "models" / "language_calibration.json"
_REVISION = "2"
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
# As the names of their characters begin. Languages that are not here are written in Latin letters, which any text may hold.
_SCRIPTS = {
    "ARABIC": "ar ary arz fa ps ug ur",
    "ARMENIAN": "hy",
    "BENGALI": "as bn",
    "CJK": "ja ko wuu yue zh",
    "CYRILLIC": "ba be bg kk ky mk mn ru sr tg tt uk uz",
    "DEVANAGARI": "gom hi mr ne sa",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "KHMER": "km",
    "LAO": "lo",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
    "TIBETAN": "dz",
}
_LEAST_OF_SCRIPT = 2
"""One letter may be a symbol, as of a unit."""

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


@cache
def known_languages() -> frozenset[str]:
    """The codes that can be allowed. Loads the library's model, which takes a second, once."""
    return frozenset(_identifier().labels) - {_NO_LANGUAGE} | {"nb"}


@dataclass(frozen=True, slots=True)
class ByLength:
    """A table for each count of letters from which on it holds."""

    letters: tuple[int, ...]
    tables: tuple[Table, ...]

    def tail(self, letters: int, score: float) -> float:
        """1: of too few letters nothing can be said."""
        at = bisect_right(self.letters, letters)
        return self.tables[at - 1].tail(score) if at else 1.0

    def as_json(self) -> list[Mapping[str, Any]]:
        return [{"letters": count, **table.as_json()} for count, table in zip(self.letters, self.tables, strict=True)]

    @classmethod
    def from_json(cls, plain: Sequence[Mapping[str, Any]]) -> Self:
        return cls(tuple(each["letters"] for each in plain), tuple(map(from_json, plain)))


def build(allowed: tuple[str, ...]) -> Scanner:
    """What a worker process runs."""
    identifier, calibration, family = _identifier(), _tables(), kin(allowed)

    def scan(units: Sequence[str]) -> list[list[Finding]]:
        return [[Finding(NAME, KIND, 0, len(unit), 1 - chance(unit), Evidence.MODEL)] for unit in units]

    def chance(unit: str) -> float:
        if is_of_other_script(family, unit):
            return 0.0
        count = letters(unit)
        return calibration.tail(count, foreign(identifier, family, unit)) if count >= calibration.letters[0] else 1.0

    return scan


def letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def is_of_other_script(allowed: frozenset[str], text: str) -> bool:
    """Whether most letters of a text's beginning, or of its end, are of a script that is neither Latin nor of an allowed language."""
    return any(_is_of_other_script(allowed, end) for end in {text[:MAX_CHARS], text[-MAX_CHARS:]})


def _is_of_other_script(allowed: frozenset[str], text: str) -> bool:
    if text.isascii():
        return False
    scripts = Counter(name_of(char, "").partition(" ")[0] for char in text if char.isalpha())
    others = sum(count for script, count in scripts.items() if script in _SCRIPTS and allowed.isdisjoint(_SCRIPTS[script].split()))
    return others >= _LEAST_OF_SCRIPT and others * 2 > scripts.total()


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


def _tables() -> ByLength:
    return ByLength.from_json(json.loads(_TABLE.read_text(encoding="utf-8")))


def _digest(allowed: Sequence[str]) -> str:
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        installed = ""
    parts = (_REVISION, installed, hashlib.sha256(_TABLE.read_bytes()).hexdigest(), *allowed)
    return f"language:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
