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
_HAS_ASCII = regex.compile(r"[A-Za-z]")
_CONTEXT = regex.compile(r"[A-Za-z0-9@]")


def latin(text: str) -> Iterator[Change]:
    """Words that mix Latin with look-alikes, or have nothing but look-alikes beside something Latin: ``jоhn``, ``хо@example.com``.

    A word of Cyrillic or Greek that has a letter of its own is left as it is, and so is every such word that stands alone.
    """
    if text.isascii() or not _CONTEXT.search(text):
        return
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        read = word[0].translate(_LATIN)
        if read != word[0] and (read.isascii() or _HAS_ASCII.search(word[0])):
            for index, (old, new) in enumerate(zip(word[0], read, strict=True), word.start()):
                if old != new:
                    yield index, index + 1, new
