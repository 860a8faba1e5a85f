"""A turn of a conversation in the parts that its topic is judged by: each sentence, and what a sentence that says little leans on.

"And tomorrow?" has the topic of the turn before it, so a part that leans is read with what stands before it as well, and the reading that
is closer to the topics counts. Whoever may lean may hide: a part with more than one word of its own does not, however short it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detectors.text.sentences import sentences

SEPARATOR = "\x1e"
"""Between what was said before and the turn, in a unit that a pool is shown."""
MAX_CONTEXT_CHARS = 300
_MAX_CONTEXT_TURNS = 6
_MAX_LEANING_WORDS = 8
_MAX_SILENT_WORDS = 5

_LAST_LATIN = "\u024f"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SAYING_LITTLE_WORDS = """
    a about above actually after again ago all already also am an and another any anything are as ask at back be because been before below
    best better both but by can can't cannot case check come could couldn't course did didn't different do does doesn't doing don't done
    each either else enough even ever every everything exactly explain few fine first for from get give go going good got great had has
    hasn't have haven't having he hello help her here hers hey hi him his how how's i i'd i'll i'm i've if in instead into is isn't it it'd
    it'll it's its just know last later least less let let's like little long longer look lot make many may maybe me mean meant might mind
    mine more most much must my near need never next nice no none nor not nothing now of off often oh ok okay on once one ones only or
    other others our out over own perhaps please possible problem quite rather really repeat right same say second see shall she should
    show so some something soon sorry still stuff such sure take tell than thank thanks that that's the their them then there there's these
    they thing things think third this those though through thus to too try two under understand until up us use very wait want was wasn't
    way we well were weren't what what's whatever when where where's which while who who's whose why will with without won't worry would
    wouldn't wow yeah yep yes yet you you're your yours alright appreciate bye cheers day dear evening goodbye greetings morning afternoon
"""
_SAYING_LITTLE = frozenset(_SAYING_LITTLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class Part:
    """``readings``: the part alone, and, if it leans, with what it leans on."""

    readings: tuple[str, ...]


def with_context(previous: Sequence[str], text: str) -> str:
    """The unit that shows ``text`` with what it may lean on: the turns of ``previous`` from the last that leans on none itself."""
    context: list[str] = []
    for turn in reversed(previous[-_MAX_CONTEXT_TURNS:]):
        context.insert(0, _plain(turn).strip())
        if not leans(turn):
            break
    return f"{' '.join(context)[-MAX_CONTEXT_CHARS:]}{SEPARATOR}{_plain(text)}" if context else _plain(text)


def text_of(unit: str) -> str:
    """The turn itself."""
    return unit.rpartition(SEPARATOR)[2]


def parts(unit: str) -> list[Part]:
    """In order; none for a turn in which nothing is said."""
    before, _, text = unit.rpartition(SEPARATOR)
    found: list[Part] = []
    waiting = ""  # what leans, and has nothing before it
    for start, end in sentences(text):
        sentence = text[start:end].strip()
        if not leans(sentence):
            found += _leaning(waiting, f"{waiting} {sentence}")
            found.append(Part((sentence,)))
            before, waiting = sentence, ""
        elif before:
            found += _leaning(sentence, f"{before} {sentence}")
        else:
            waiting = f"{waiting} {sentence}".strip()
    return found + _leaning(waiting, waiting)


def _leaning(part: str, joined: str) -> list[Part]:
    """No part at all, if it has no word of its own and few others: "yes", "thank you" are of every topic."""
    says = _own(part) or len(_WORD.findall(part)) > _MAX_SILENT_WORDS
    return [Part(tuple(dict.fromkeys((part, joined))))] if says else []


def leans(text: str) -> bool:
    """Whether a text has at most one word of its own, and few others. The words are English: what is in another script does not lean."""
    own = _own(text)
    return len(own) <= 1 and len(_WORD.findall(text)) <= _MAX_LEANING_WORDS and all(char <= _LAST_LATIN for word in own for char in word)


def _own(text: str) -> list[str]:
    """The words that say something."""
    return [word for word in _WORD.findall(text.lower()) if word.replace("’", "'") not in _SAYING_LITTLE]


def _plain(text: str) -> str:
    return text.replace(SEPARATOR, " ")
