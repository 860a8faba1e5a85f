"""A turn of a conversation in the parts that its topic is judged by: sentences, clauses, and what a sentence that says little leans on.

"And tomorrow?" has the topic of the turn before it, so a part that leans is read with what stands before it as well. Whoever may lean may
hide: a part with more than one word of its own does not, however short it is; what leans shows its own word by itself; and what leans again
and again is one more part, without anything before it, as soon as it has two words of its own together.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detectors.text.sentences import MAX_CHARS, sentences

SEPARATOR = "\x1e"
"""In a unit that a pool is shown: between the turn that is leant on, those since then that lean on it, and the turn itself."""
MAX_CONTEXT_CHARS = 300
_MAX_CONTEXT_TURNS = 6
_MAX_LEANING_WORDS = 8
_MAX_LEANING_CHARS = MAX_CHARS
_MAX_SILENT_WORDS = 5

_JOINT = re.compile(r"[,;:|–—•]+\s+|\s[-–—|•]+\s|[\u2028\u2029]|[.!?](?=[^\W\d_]{2})|\s(?:and|also|then|but|plus)\s", re.IGNORECASE)
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
    today tomorrow yesterday tonight week weekend month year hour minute hours minutes days weeks months years monday tuesday wednesday
    thursday friday saturday sunday zero four five six seven eight nine ten cancel change husband wife son daughter mother father
"""
_SAYING_LITTLE = frozenset(_SAYING_LITTLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class Part:
    """What leans on something has ``joined``, which is both together, and ``own``, which is its own word, if it has one."""

    alone: str
    own: str = ""
    joined: str = ""


def with_context(previous: Sequence[str], text: str) -> str:
    """The unit that shows ``text`` with what it may lean on: the turns of ``previous`` from the last that leans on none itself."""
    if not previous:
        return _plain(text)
    before, run = "", ""
    for turn in reversed(previous[-_MAX_CONTEXT_TURNS:]):
        if not leans(turn):
            before = turn
            break
        run = f"{turn.strip()} {run}"
    return SEPARATOR.join((_last(before), _last(run), _plain(text)))


def text_of(unit: str) -> str:
    """The turn itself."""
    return unit.rpartition(SEPARATOR)[2]


def parts(unit: str) -> list[Part]:
    """None for a turn in which nothing is said."""
    before, _, rest = unit.rpartition(SEPARATOR)[0].partition(SEPARATOR)
    run, waiting = rest, list[str]()  # what leans since ``before``, and the sentences of this turn among that
    found: list[Part] = []
    for start, end in sentences(text := text_of(unit)):
        sentence = text[start:end].strip()
        if not leans(sentence):
            found += [*_run(waiting, before, run, sentence), Part(sentence), *map(Part, _clauses(sentence))]
            before, run, waiting = sentence, "", []
            continue
        if len(run) + len(sentence) > MAX_CONTEXT_CHARS:
            found += _run(waiting, before, run)
            run, waiting = "", []
        run = f"{run} {sentence}".strip()
        waiting.append(sentence)
    return found + _run(waiting, before, run)


def _run(waiting: Sequence[str], before: str, run: str, after: str = "") -> list[Part]:
    """Of sentences that lean, one after the other: each of them, and all together as soon as they do not lean any more.

    No part for what has no word of its own and few others: "yes", "thank you" are of every topic.
    """
    joined = f"{before} {run}" if before else f"{run} {after}".strip()
    said = [sentence for sentence in waiting if own_words(sentence) or len(_WORD.findall(sentence)) > _MAX_SILENT_WORDS]
    found = [Part(sentence) if sentence == joined else Part(sentence, " ".join(own_words(sentence)), joined) for sentence in said]
    return [*found, Part(run)] if waiting and len(own_words(run)) > 1 else found


def _clauses(sentence: str) -> list[str]:
    """Those of several that say something by themselves: one that is allowed must not hide the next."""
    clauses = [clause.strip() for clause in _JOINT.split(sentence)]
    return [clause for clause in clauses if len(own_words(clause)) > 1] if len(clauses) > 1 else []


def leans(text: str) -> bool:
    """Whether a text has at most one word of its own, and few others. The words are English: what is in another script does not lean.

    Nor does what is longer than a sentence, so a long text is not looked at.
    """
    if len(text) > _MAX_LEANING_CHARS:
        return False
    own = own_words(text)
    return len(own) <= 1 and len(_WORD.findall(text)) <= _MAX_LEANING_WORDS and all(char <= _LAST_LATIN for word in own for char in word)


def own_words(text: str) -> list[str]:
    """The words that say something."""
    return [word for word in _WORD.findall(text.lower()) if word.replace("’", "'") not in _SAYING_LITTLE]


def _last(text: str) -> str:
    return _plain(text).strip()[-MAX_CONTEXT_CHARS:]


def _plain(text: str) -> str:
    return text.replace(SEPARATOR, " ")
