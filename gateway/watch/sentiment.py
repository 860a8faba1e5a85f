"""How texts sound, from -1 to 1: by TextBlob's lexicon of English, for the watch, and only where records have their texts.

Crude: words are looked up, with what denies or strengthens them. It is of use for how the answers of a traffic move, or differ between
groups of exchanges, and says nothing of one of them.

The library's words and rules are asked without what it does at every call, and once for each word as it is written: five times as fast,
and it takes no bracket behind a colon for a sad face.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal

from detectors.text.function_words import likely_language

PACKAGE = "textblob"
MAX_CHARS = 500
"""Of a text, from its beginning: a tenth of a millisecond."""
_LANGUAGE = "en"
_ANSWER = "output"
_DECIMALS = 3
_REMEMBERED = 2000
_WORDS, _WORD_CHARS = 20_000, 24
"""How many words are known as they are written, and how long those may be: 4 MB at most."""
_UNUSED = ("matplotlib", "pandas", "scipy", "sklearn")
"""What the library would load where it happens to be installed, though a lexicon has no use for it: 160 MB."""

State = Literal["on", "not kept", "not installed"]
Score = Callable[[str], float]


class Sentiment:
    """``state`` says why nothing is told, where nothing is. The library is loaded with the first text."""

    def __init__(self, keep_text: str, score: Score | None = None) -> None:
        """``keep_text`` is the setting ``store.keep_text``: what is sealed is not read."""
        self.state: State = "not kept" if keep_text != "redacted" else "on" if score or find_spec(PACKAGE) else "not installed"
        self._score = score
        self._told: OrderedDict[str, float | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, record: Mapping[str, Any]) -> float | None:
        """Of the answer. Raises nothing, whatever the record holds. Whoever asks second of an exchange is told what the first one was."""
        name = record.get("request_id")
        if self.state != "on" or not isinstance(name, str):
            return None
        with self._lock:
            if name in self._told:
                return self._told.pop(name)
        found = self.of_text(_answer(record))
        with self._lock:
            self._told[name] = found
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
        return found

    def of_text(self, text: str) -> float | None:
        """None: it is not English, as far as that can be told of it."""
        if self.state != "on" or likely_language(text) != _LANGUAGE:
            return None
        if self._score is None:
            self._score = _load()
        return round(self._score(text[:MAX_CHARS]), _DECIMALS)


def _answer(record: Mapping[str, Any]) -> str:
    texts = record.get("texts")
    kept = texts.get(_ANSWER) if isinstance(texts, Mapping) else None
    pieces = [
        text[:MAX_CHARS]
        for each in (kept[:MAX_CHARS] if isinstance(kept, list) else ())
        if isinstance(each, Mapping) and each.get("scope") == _ANSWER and isinstance(text := each.get("text"), str)
    ]
    return " ".join(pieces)[:MAX_CHARS]


class _Lexicon(dict[str, Any]):
    """The library's, which looks up its own way to look up at every word."""

    def __init__(self, given: Any) -> None:  # noqa: ANN401 the library has no types
        super().__init__(given.items())
        self.labeler, self.negations, self.modifiers, self.modifier = given.labeler, given.negations, given.modifiers, given.modifier


def _load() -> Score:
    with _without(_UNUSED):
        from textblob.en import sentiment

    lexicon, assess = _Lexicon(sentiment), type(sentiment).assessments

    def split(written: str) -> tuple[tuple[str, None], ...]:
        return tuple([(word, None) for word in " ".join(sentiment.tokenizer(written)).lower().split()])

    known = lru_cache(_WORDS)(split)

    def score(text: str) -> float:
        words: list[tuple[str, None]] = []
        for written in text.split():
            words += known(written) if len(written) <= _WORD_CHARS else split(written)
        found = assess(lexicon, words)
        return sum([float(polarity) for _, polarity, _, _ in found]) / (len(found) or 1)

    return score


@contextmanager
def _without(packages: tuple[str, ...]) -> Iterator[None]:
    """As if they were not installed, for whoever imports them meanwhile: nobody else in the watch does."""
    hidden = [name for name in packages if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # the import system's own word for it
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
