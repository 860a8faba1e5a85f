"""What a name looks like: the words of people's and places' names, and what is trimmed from what a model takes for one."""

from dataclasses import dataclass, replace

import regex

PERSON, LOCATION = "PERSON", "LOCATION"


@dataclass(frozen=True, slots=True)
class Name:
    """``said``: a phrase announced it, which outweighs a model's opinion."""

    start: int
    end: int
    entity: str
    said: bool = False


WORD = r"\p{Lu}[\p{L}\p{M}]*(?:['’\-]\p{L}[\p{L}\p{M}]*(?<!['’]s))*"
PARTICLE = r"(?:de|da|do|dos|del|della|di|du|van|von|der|den|ten|ter|bin|ibn|al|el|la|las|los|le|y|e|i|af|zu|of|the|and|upon|sur|am|an)"
_INITIAL = r"\p{Lu}\.(?!\p{L})"
# "Bosnia and Herzegovina" is one place, "Anna and I" are two people.
NAME = rf"(?:{_INITIAL}|{WORD})(?:\s(?:(?!(?:and|of|the|upon|am|an)\s){PARTICLE}\s){{0,2}}(?!I\b)(?:{_INITIAL}|{WORD})){{0,3}}"
PLACE = rf"{WORD}(?:[ \-](?:{PARTICLE}[ ]){{0,2}}{WORD}){{0,3}}"
TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Rev|Sr|Sra|Srta|Dra|Don|Doña|Herr|Frau|Mme|Mlle|Monsieur|Madame|Sir|Lady|Lord|Judge|Senator|Capt|Captain"
    r"|Sgt|Lt|Col|Gen)"
)

_POSSESSIVE = regex.compile(r"['’]s\b")
_CUT = regex.compile(r"[\n\t|<>{}()\[\]\"“”=;:]")
_CODE = regex.compile(r"[\d_@#/\\*+$%^~`]|\p{Ll}\p{Lu}\p{Ll}+\p{Lu}|\.\p{L}{2}|\(\)")
_TITLE_FIRST = regex.compile(rf"^(?:{TITLE}\.?|the|The)\s+")
_EDGE = " \t\n,.;:!?'\"’“”()[]-–—*_"
_IMPERATIVES_WORDS = """
    add analyze analyse answer ask brainstorm calculate classify compare compose compute convert create define describe design discuss
    draft edit evaluate explain extract fill find fix format generate give help identify imagine implement improve include list make
    outline paraphrase pick please plan predict print provide rank rate read recommend rephrase reply respond return review rewrite say
    sort speak suggest summarise summarize tell thank thanks think translate try use verify write yes yeah ok okay sure sorry hello hi
    hey lol omg cheers regards
"""
_IMPERATIVES = frozenset(_IMPERATIVES_WORDS.split())
_FIELDS_WORDS = """
    address age antecedentes apellidos av avda author birthday calle car centro city company correo country date departamento department
    diagnóstico dirección domicilio edad email e-mail enfermedad evolución exploración fax fecha from gender género hospital id informe
    job localidad location mobile mode motivo médico nass nhc nombre nota note noun number occupation país phone provincia question
    responsable role servicio sex sexo source subject telephone teléfono tel title to tratamiento unidad url website
"""
_FIELDS = frozenset(_FIELDS_WORDS.split())
"""What a form calls its fields: not names, and where one begins a name ends."""

_FOREIGN_WORDS = """
    al auf aus bei che com con como da das dans de del der des die do durante e ein eine el em en entre es est et fue für hasta il ist
    la las le les lo los mit nach nel nicht no non num o os para pas per por pour presenta qui que realiza se sein si sin sobre su sul
    sur tras um una une und uno von y zu zum
"""
_FOREIGN = frozenset(_FOREIGN_WORDS.split())
_ENGLISH_WORDS = """
    a an and are as at be but by can for from has have he her his i if in is it me my not of on or our she that the their they this to
    was we were what who will with would you your
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_WORDS = regex.compile(r"[\p{L}\p{M}]+")


def is_foreign(text: str) -> bool:
    """Whether a sentence reads like another language, of which an English model knows little."""
    words = _WORDS.findall(text.lower())
    foreign = sum(word in _FOREIGN for word in words)
    return foreign > 1 and foreign > sum(word in _ENGLISH for word in words)


def mended(text: str, name: Name, *, foreign: bool = False) -> Name | None:
    """Without what is no part of a name; None if nothing is left that could be one."""
    start, end = _bounds(text, name)
    if text.startswith("://", end):
        return None
    value = text[start:end]
    start += len(value) - len(value.lstrip(_EDGE))
    end -= len(value) - len(value.rstrip(_EDGE))
    if text[end : end + 1] == "." and regex.search(r"(?<!\p{L})\p{Lu}$", text[start:end]):
        end += 1
    cut = replace(name, start=start, end=max(start, end))
    return cut if _could_be_name(text, cut, foreign) else None


def _bounds(text: str, name: Name) -> tuple[int, int]:
    start, end = name.start, name.end
    while start < end and text[start] in _EDGE:
        start += 1
    cut = _CUT.search(text, start, end)
    end = cut.start() if cut else end
    if name.entity == PERSON:
        possessive = _POSSESSIVE.search(text, start, end)
        end = possessive.start() if possessive else end
        title = _TITLE_FIRST.match(text[start:end])
        start += title.end() if title else 0
    if name.entity in (PERSON, LOCATION):
        for word in regex.finditer(r"(?<=\s)\S+", text[start:end]):
            if word[0].lower().strip(_EDGE) in _FIELDS or "º" in word[0]:
                end = start + word.start()
                break
    return start, end


def _could_be_name(text: str, name: Name, foreign: bool) -> bool:
    value = text[name.start : name.end]
    if not any(char.isalpha() for char in value) or len(value) > 60:
        return False
    if name.entity not in (PERSON, LOCATION):
        return not foreign or value[0].isupper()
    words = value.split()
    first = words[0].lower().strip(_EDGE)
    if not name.said and (first in _FIELDS or first in _FOREIGN or not _is_written_as_name(text, words)):
        return False
    if foreign and not name.said and name.start == 0 and len(words) == 1:
        return False  # any first word has its capital
    return name.entity != PERSON or _could_be_person(value, first)


def _could_be_person(value: str, first: str) -> bool:
    return len(value) > 1 and not (len(value) == 2 and value.isupper()) and not _CODE.search(value) and first not in _IMPERATIVES


def _is_written_as_name(text: str, words: list[str]) -> bool:
    """Where capitals are used at all, a name has them, particles aside."""
    if text == text.lower():
        return True
    content = [word for word in words if not regex.fullmatch(PARTICLE, word)]
    return bool(content) and all(word.lstrip(_EDGE)[:1].isupper() or not word[0].isalpha() for word in content)
