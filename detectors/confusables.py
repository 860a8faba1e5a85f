"""Letters of other scripts that look like Latin ones. A word is only read so where its own script does not explain it."""

from collections.abc import Iterator

import regex

from detectors.mapped import Change

_PAIRS = (
    # Cyrillic
    "АA ВB СC ЕE НH ІI ЈJ КK МM ОO РP ЅS ТT ХX УY ҮY ԌG ԛq Ԛq ԜW аa ԁd еe һh іi јj ӏl оo рp ѕs сc уy хx ѵv ԝw ьb гr пn "
    # Greek
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa ιi κk νv οo ρp υu χx γy ηn ϲc ϳj "
    # Armenian, Cherokee, Coptic, and Latin's own look-alikes
    "օo ոn սu հh ցg զq ՏS ՕO ᎪA ᏴB ᏟC ᎠD ᎬE ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᏚS ᎢT ᏙV ᎳW ᏃZ ⲟo ⲣp ⲥc ɑa ɡg ɩi ᴏo ᴄc ᴜu ᴠv ᴡw ᴢz ꜱs"
)
LATIN = {pair[0]: pair[1] for pair in _PAIRS.split()}
_LATIN = str.maketrans(LATIN)

_WORD = regex.compile(r"\p{L}+")
_RUN = regex.compile(r"[^\x00-\x7F]+")
_WORD_LETTERS = 4
"""So many letters of a script, with one of its own among them, are a word of it and no disguise."""
_HAS_ASCII = regex.compile(r"[A-Za-z]")
_CONTEXT = regex.compile(r"[A-Za-z0-9@]")


def latin(text: str) -> Iterator[Change]:
    """Words that mix Latin with look-alikes, or have nothing but look-alikes beside something Latin: ``jоhn``, ``хо@example.com``.

    A word of Cyrillic or Greek that has a letter of its own is left as it is, also where Latin stands right beside it, and so is every
    such word that stands alone.
    """
    if text.isascii() or not _CONTEXT.search(text):
        return
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        read = word[0].translate(_LATIN)
        if read != word[0] and (read.isascii() or _HAS_ASCII.search(word[0])):
            for run in _RUN.finditer(word[0]):
                if run.end() - run.start() < _WORD_LETTERS or read[run.start() : run.end()].isascii():
                    yield from _changes(run[0], read[run.start() : run.end()], word.start() + run.start())


def _changes(old: str, new: str, start: int) -> Iterator[Change]:
    for index, (before, after) in enumerate(zip(old, new, strict=True), start):
        if before != after:
            yield index, index + 1, after
