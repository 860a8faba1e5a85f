"""The language of a text in Latin letters, guessed from the small words that every sentence has: microseconds, and right where it says
anything of more than a few words. Whoever must know asks ``language``; this is for telling how the languages of a traffic move.
"""

from collections.abc import Sequence

from detectors.text.words import words

MAX_CHARS = 300

_WORDS = {
    "en": "the and is are was of to in that it you for with this have not on be what how my can do i we they from your would there which "
    "about an at if when will please me has but or as by could should does a no so us one all just out up get her his she he",
    "de": "der die das und ist sind war zu nicht ein eine ich du sie wir mit für auf den dem des von im es wie was mein kann bitte auch "
    "aber oder wenn noch nach bei einen einer hat habe werden wird sich dass",
    "fr": "le la les des et est sont était de du un une je tu vous nous il elle que qui dans pour pas avec sur ce cette mon ma mes "
    "comment quoi quel quelle peux pouvez plus ou mais au aux être ne y ai c est",
    "es": "el la los las de y es son era un una yo tú usted que en por para con no se su mi mis cómo qué cuál puedo puede más pero o al "
    "del está están lo como muy tengo hay me",
    "it": "il lo la i gli le di e è sono era un una io tu lei che in per con non si su mio mia come cosa quale posso può più ma o al del "
    "della dei delle nel questo questa ho anche mi",
    "pt": "o a os as de e é são era um uma eu você que em por para com não se seu sua meu minha como qual posso pode mais mas ou ao do da "
    "dos das no na está isso muito tenho",
    "nl": "de het een en is zijn was van te dat ik je jij u we wij met voor op niet in er hoe wat mijn kan kunt maar of als ook naar bij "
    "om deze dit heb heeft worden wordt aan",
    "sv": "och är var att det som en ett jag du vi ni de den med för på inte i av hur vad min mitt kan men eller om till från har hade "
    "ska skulle också detta",
    "da": "og er var at det som en et jeg du vi de den med for på ikke i af hvordan hvad min mit kan men eller om til fra har havde skal "
    "også dette mig",
    "pl": "i jest są był na w z do nie to że się jak co mój moja moje czy dla po ale lub od o jestem mam może mogę ten ta za proszę przez",
    "tr": "ve bir bu da de için ile ne nasıl mi mı benim ben sen siz çok daha var yok ama veya olarak gibi kadar değil olan şu en",
    "id": "dan yang di ke dari ini itu untuk dengan tidak saya anda kami apa bagaimana adalah bisa ada akan atau juga pada sudah dalam "
    "karena tolong",
}  # fmt: skip


_LANGUAGES = tuple(_WORDS)
_WEIGHT = 12
"""Of a word, shared out among the languages that have it."""
_LEAST = 18
_AHEAD = 1.3
"""Times as much as any other language has."""


def _weights() -> dict[str, tuple[tuple[int, int], ...]]:
    """By word: the places of the languages that have it, and what it says for each."""
    places: dict[str, list[int]] = {}
    for place, listed in enumerate(_WORDS.values()):
        for word in listed.split():
            places.setdefault(word, []).append(place)
    return {word: tuple([(place, _WEIGHT // len(found)) for place in found]) for word, found in places.items()}


_WEIGHTS = _weights()


def likely_language(text: str) -> str | None:
    """A two-letter code; None: too few words, or none of these languages."""
    return language_of(words(text[:MAX_CHARS].lower()))


def language_of(found: Sequence[str]) -> str | None:
    """The same of a text's beginning, given as words in lower case."""
    scores = [0] * len(_LANGUAGES)
    for word in _WEIGHTS.keys() & set(found):
        for place, weight in _WEIGHTS[word]:
            scores[place] += weight
    most = max(scores)
    if most < _LEAST:
        return None
    likely = scores.index(most)
    scores[likely] = 0
    return _LANGUAGES[likely] if most >= _AHEAD * max(scores) else None
