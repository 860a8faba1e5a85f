"""Phrases that announce a name or a place: "my name is", "Dear", "Mrs.", "Name:", "originally from". General English, some Spanish."""

from collections.abc import Iterator

import regex

from detectors.text.name_shape import LOCATION, NAME, PERSON, PLACE, TITLE, WORD, Name, mended

_NOT_NAME_LIST = """
    I The A An This That These Those It He She We You They My Your Our His Her What Who How Why When Where Which Yes No Not Please
    Thanks Thank Sir Madam All Everyone Team There Here And But Or If In On At To For From With Can Could Would Will Is Are Do Does
    Did Have Has Hello Hi Hey Dear Customer User Client Friend Friends Colleague Colleagues Folks Guys World Assistant Bot AI ChatGPT
    GPT Siri Alexa Google January February March July September October November December Monday Tuesday Wednesday Thursday Friday
    Saturday Sunday Hiring Manager Support Human Resources Committee Editor Member Members Student Students Parent Parents Teacher
    Professor Doctor Mom Dad Santa God Lord Sincerely Regards Best
"""
_A_NAME = rf"(?!(?:{'|'.join(_NOT_NAME_LIST.split())})\b)(?P<name>{NAME})"
_WITH_TITLE = rf"(?:{TITLE}\.?\s)?{_A_NAME}"
_WHOSE = r"(?:my|his|her|their|partner['’]s|maiden|first|last|full|middle|given|family|sur)"
_SIGNED = (
    r"(?:calls? me|call(?:s|ed)? (?:him|her)|known as|named|regards,|sincerely,|cheers,|best,|assistant to|daughter of|son of|married to"
    r"|addressed to|signed by|written by|directed by|starring|prepared by|interview with)"
)
_FIELD = (
    r"(?:(?:full |first |last |sur|patient |customer |contact |user )?name|nombre|apellidos?|nom|prénom|nome|cognome|vorname|nachname"
    r"|médico|directed by|author|attn|signed|sender|recipient|user)"
)
_KIN = (
    r"(?:daughter|son|wife|husband|mother|father|mom|dad|brother|sister|kids?|child|children|friend|boyfriend|girlfriend|family|parents?|aunt"
    r"|uncle|cousin|boss|manager|killers?|birthday)"
)
_LINE_START = r"(?<=^|\n|[>,;|]\s?|\s)"

_PERSON_CUES = tuple(
    regex.compile(form)
    for form in (
        rf"\b(?i:{_WHOSE}\s?(?:full |first |last |given )?name(?: is|['’]s|:|\?| was)?)\s+{_A_NAME}",
        rf"(?i:\bname (?:is|on [\p{{Ll}} ]{{1,30}} is)|(?:\bchange|\bcorrect) it to)\s+{_WITH_TITLE}",
        rf"(?i:\b(?:i am|i['’]m|this is|it['’]s))\s{_WITH_TITLE}(?=[,.!?]|\s(?:and|from|here|speaking|calling)\b|$)",
        rf"(?i:\b{_SIGNED})\s+{_A_NAME}",
        rf"(?:^|(?<=[.!?]\s)|\n)(?:Hi|Hello|Hey|Dear|Hola|Hallo|Bonjour)\s{_WITH_TITLE}(?=\s*(?:[,!:.\n]|$|\s-))",
        rf"\b{TITLE}\.?\s{_A_NAME}",
        rf"\b(?i:mr|mrs|ms|dr)\.\s{_A_NAME}",
        rf"{_LINE_START}(?i:{_FIELD})\s{{0,2}}:\s{{0,8}}{_WITH_TITLE}",
        rf"{_A_NAME}['’]s\s{_KIN}\b",
        rf"[,”\"]\s(?:says|said|asked|replied|wrote|shouted)\s{_A_NAME}",
    )
)
_STAYS = (
    r"(?:lives?|living|lived|reside[sd]?|based|born|raised|grew up|located|stationed|stay(?:ing|ed)?|working|studying|hotel|meeting"
    r"|conference|office|i['’]?m|i am|we are|we['’]re)"
)
_GOES = r"(?:travel(?:l?ing|l?ed|s)?|fl(?:y|ying|ew|ies)|trip|mov(?:e|ed|ing)|relocat(?:e|ed|ing)|drive|driving|drove|emigrated)"
_PLACE_FIELD = r"(?:city|town|country|state|province|location|localidad|localidad/ provincia|provincia|país|ciudad|ort|stadt|ville|città)"
_PLACE_CUES = tuple(
    regex.compile(form)
    for form in (
        rf"\b(?i:{_STAYS} (?:in|near|outside))\s(?P<name>{PLACE})",
        rf"\b(?i:(?:originally|mov(?:ed|ing)(?: here| over)?|came|comes?|hail(?:s|ing)|i['’]?m|i am|arrived) from)\s(?P<name>{PLACE})",
        rf"\b(?i:{_GOES} to)\s(?P<name>{PLACE})",
        rf"\b(?i:(?:university|city|town|village|district|province|municipality|county|capital) of)\s(?P<name>{PLACE})",
        rf"{_LINE_START}(?i:{_PLACE_FIELD})\s{{0,2}}:\s{{0,8}}(?P<name>{PLACE})",
    )
)

_LOWER_SELF = regex.compile(r"\bmy name(?: is|['’]s)\s(?P<name>[\p{Ll}]{2,20}(?:\s[\p{Ll}]{2,20})?)\b")
_NOT_LOWER_WORDS = """
    a an and appears are at been being but by can cannot changed correct correctly different for from going has hasn have i in incorrect
    is it just listed misspelled missing mr ms my no not now of on or please shown so spelled spelt that the this to too under very was
    what with written wrong you
"""
_NOT_LOWER = frozenset(_NOT_LOWER_WORDS.split())
_INITIALED = regex.compile(
    rf"(?<![\p{{L}}\d])(?!(?:{'|'.join(_NOT_NAME_LIST.split())})\b)(?P<name>{WORD}\s\p{{Lu}}\.?\s{WORD}(?:\s{WORD})?)(?!\p{{L}})"
)
_LETTERED_WORDS = """
    appendix article big block building category chapter class column exhibit figure formula grade group hall hepatitis influenza level
    line model module option part phase plan platform point protein route row schedule section series size step table team terminal tier
    type unit version vitamin zone
"""
_LETTERED = frozenset(_LETTERED_WORDS.split())


def announced(text: str) -> Iterator[Name]:
    """Every name that a phrase announces."""
    for cues, entity in ((_PERSON_CUES, PERSON), (_PLACE_CUES, LOCATION)):
        for cue in cues:
            for match in cue.finditer(text):
                name = mended(text, Name(*match.span("name"), entity, said=True))
                if name:
                    yield name
    for match in _LOWER_SELF.finditer(text):
        words = match["name"].split()
        if words[0] not in _NOT_LOWER:
            end = match.end("name") if words[-1] not in _NOT_LOWER else match.start("name") + len(words[0])
            yield Name(match.start("name"), end, PERSON, said=True)


def initialed(text: str) -> Iterator[Name]:
    """Jane Q. Public."""
    for match in _INITIALED.finditer(text):
        if match["name"].split()[0].lower() not in _LETTERED:
            yield Name(*match.span("name"), PERSON, said=True)
