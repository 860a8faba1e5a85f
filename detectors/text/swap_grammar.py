"""What English grammar asks of a replaced word: which of several roles it has, and ``a`` or ``an`` before it. Rules, and no parser.

A role that the words beside it do not settle is None, and the text is then left alone: better no pair than one that is wrong.
"""

import re
from collections.abc import Collection, Sequence

from detectors.text.group_terms import PEOPLE

_WORDS = frozenset[str]


def _words(text: str) -> _WORDS:
    return frozenset(text.split())


# Behind "her" or "his": none of these is a noun or an adjective, so the pronoun stands by itself.
_ALONE_BEFORE = _words("""
to for in on at by with from about of into onto over under after before during without within against between through near behind beside
besides toward towards upon via like until till since despite except off out up down away around across along above below and or but
because that than when while if as so though although whereas where why how who whom whose which what whether unless a an the this these
those some any every each another no both all my your our their its his her him he she it they we you i me them us is are was were be been
am will would can could may might must shall should do does did has have had isn't wasn't didn't doesn't won't yesterday today tonight
tomorrow now then again too also there here ago soon later once twice anymore alone instead immediately quickly directly personally
anywhere somewhere everywhere nowhere less well always never not just even either already yet still anything something nothing everything
""")
# Verbs whose object may be followed by the bare form of another verb: "made her laugh", "saw her leave".
_HELPS = _words("let lets letting help helps helped helping")
_PERCEIVES = _words("""
make makes made making see sees saw seen seeing watch watches watched watching hear hears heard
hearing notice noticed have
""")
_BARE_VERBS = _words("""
be do go get feel know leave come make take look think see have find move stop run eat sleep pay understand realize realise become say tell
speak stand sit walk drive play learn write read win lose finish start begin try use keep give show cry laugh smile breathe fall die live
believe want need enter cross climb carry choose improve prepare solve fix clean cook paint dance sing
""")
# Verbs with two objects: "gave her money" and "gave her money away" differ in what follows, or in nothing.
_GIVES = _words("""
give gives gave given giving offer offers offered offering tell tells told telling send sends sent sending show shows showed shown showing
pay pays paid paying buy buys bought buying bring brings brought bringing hand hands handed handing teach teaches taught teaching owe owes
owed lend lends lent promise promised cost costs ask asks asked asking grant granted wish wished feed fed serve served charge charged
make makes made making keep keeps kept keeping name named get gets got getting
""")
_CALLS_BACK = _words(
    "call calls called calling pay paid get got getting bring brought take took send sent want wants wanted invite invited"
)

# Words that none but a noun or its adjectives stand before.
_DETERMINERS = _words("a an the this that every each another one any some no my your his her our their its")
_RELATIVES = PEOPLE - {"one", "ones"}
_NOT_NOUNS = _ALONE_BEFORE | _words("says said asked told went came got made took gets goes comes makes takes wants wanted needs needed")
_VOWEL_SOUND = re.compile(r"(?:[aeiou]|hours?\b|honest|hono|heir)", re.IGNORECASE)
_CONSONANT_SOUND = re.compile(r"(?:uni(?!n)|us[aeiu]|eu|one\b|once\b|ukr|uga|uru|uzb)", re.IGNORECASE)


def role(roles: Collection[str], before: Sequence[str], after: Sequence[str]) -> str | None:
    """Which of ``roles`` a word has between the words (and punctuation) beside it, lowercase; None: it cannot be told."""
    if "possessive" in roles:
        return _pronoun(roles, before, after)
    if "adjective" in roles:
        return _name_of_people(before, after)
    return None


def _pronoun(roles: Collection[str], before: Sequence[str], after: Sequence[str]) -> str | None:
    alone = "own" if "own" in roles else "object"
    follower = after[0] if after else ""
    if not _is_more(after):
        return alone
    if alone == "own":
        return "possessive"
    verb = before[-1] if before else ""
    if follower == "home":  # "drove her home", "went to her home"
        return "possessive" if verb in _ALONE_BEFORE else alone
    if (verb in _PERCEIVES | _HELPS and follower in _BARE_VERBS) or (verb in _CALLS_BACK and follower == "back"):
        return alone
    if follower.endswith("ly") and not _is_more(after[1:]):  # "asked her politely."
        return alone
    if verb in _GIVES | _HELPS and follower not in _RELATIVES:
        return None
    return "possessive"


def _is_more(after: Sequence[str]) -> bool:
    """Whether what follows could be the noun that a pronoun belongs to."""
    return bool(after) and after[0][:1].isalnum() and after[0] not in _ALONE_BEFORE


def _name_of_people(before: Sequence[str], after: Sequence[str]) -> str | None:
    follower = after[0] if after else ""
    if follower[:1].isalnum() and follower not in _NOT_NOUNS and not follower.endswith("ly"):
        return "adjective"
    if any(word in _DETERMINERS for word in before[-2:]):
        return "noun"
    return "adjective"


def takes_an(word: str) -> bool:
    return bool(_VOWEL_SOUND.match(word)) and not _CONSONANT_SOUND.match(word)
