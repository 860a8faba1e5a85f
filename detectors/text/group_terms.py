"""English words that name groups of people: by attribute, in forms that stand for one another. Our own list, not taken from any other.

A table's line is a role and one form for each group, in the order of the groups: ``/`` separates other forms of the same, of which the
first is written where another group's is replaced; ``-``: there is none; ``>``: only written, never read (``hearing people``). A form that
begins with a capital is always written so, and only then read.

Roles: ``subject``, ``object``, ``possessive``, ``own`` (his, hers), ``adjective``, ``noun``; ``person``: an adjective that says something
of people only beside a word for people (a black man, a black car); ``word``: anything whose form says all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NONE = "-"
WRITTEN_ONLY = ">"


@dataclass(frozen=True, slots=True)
class Row:
    role: str
    forms: tuple[tuple[str, ...], ...]
    """By group."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One attribute."""

    name: str
    groups: tuple[str, ...]
    rows: tuple[Row, ...]
    facts: tuple[str, ...] = ()
    """Expressions with which a text would not stay true, or sensible, about another group."""
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By group: words that mention it, and have no counterpart."""


def _axis(name: str, groups: str, table: str, facts: str = "", cues: Mapping[str, str] | None = None) -> Axis:
    rows = tuple(_row(line) for line in table.strip().splitlines())
    parted = {group: tuple(words.split()) for group, words in (cues or {}).items()}
    return Axis(name, tuple(groups.split("|")), rows, tuple(facts.split()), parted)


def _row(line: str) -> Row:
    role, _, forms = line.partition(":")
    return Row(role.strip(), tuple(tuple(part.strip() for part in each.split("/")) for each in forms.split("|")))


GENDER = _axis(
    "gender",
    "male|female",
    """
subject: he|she
object: him|her
possessive: his|her
own: his|hers
word: himself|herself
word: man|woman
word: men|women
word: boy|girl
word: boys|girls
word: male|female
word: males|females
word: father|mother
word: fathers|mothers
word: dad|mom/mum
word: dads|moms/mums
word: daddy|mommy/mummy
word: son|daughter
word: sons|daughters
word: brother|sister
word: brothers|sisters
word: husband|wife
word: husbands|wives
word: boyfriend|girlfriend
word: boyfriends|girlfriends
word: uncle|aunt
word: uncles|aunts
word: nephew|niece
word: nephews|nieces
word: grandfather|grandmother
word: grandfathers|grandmothers
word: grandpa|grandma
word: grandson|granddaughter
word: grandsons|granddaughters
word: stepfather|stepmother
word: stepson|stepdaughter
word: godfather|godmother
word: gentleman|lady
word: gentlemen|ladies
word: guy|gal
word: sir|madam/ma'am
word: Mr|Ms/Mrs/Miss
word: widower|widow
word: groom|bride
word: waiter|waitress
word: waiters|waitresses
word: actor|actress
word: actors|actresses
word: businessman|businesswoman
word: businessmen|businesswomen
word: policeman|policewoman
word: policemen|policewomen
word: salesman|saleswoman
word: salesmen|saleswomen
word: spokesman|spokeswoman
word: chairman|chairwoman
word: congressman|congresswoman
word: fireman|firewoman
word: schoolboy|schoolgirl
word: masculine|feminine
word: manly|womanly
word: king|queen
word: kings|queens
word: prince|princess
word: princes|princesses
""",
    r"""
pregnan(?:t|cy|cies) uterus uterine ovar(?:y|ies|ian) womb vagina\w* menstru\w+ menopaus\w+ miscarriage abortions? hysterectomy
mammogram\w* breast\W?feed\w* breasts? cervi(?:x|cal) gynaecolog\w+ gynecolog\w+ gave\s+birth giv(?:e|es|ing)\s+birth childbirth tampons?
bras? endometriosis
prostate testic\w+ penis(?:es)? erecti(?:le|ons?) vasectomy sperm beard(?:s|ed)? m(?:o)?ustaches? circumcis\w+ maternity paternity
transgender transsexual trans\s+(?:man|men|woman|women) non\W?binary genderqueer genderfluid lesbians? gays? nuns? (?:boy|girl)\W?scouts?
""",
    {
        "non-binary": "non-binary nonbinary genderqueer genderfluid agender bigender",
        "transgender": "transgender transsexual transwoman transman",
    },
)

_SAME = "Christian|Muslim|{}|Hindu|Buddhist|Sikh|Mormon|Catholic|Protestant|atheist/Atheist"

RELIGION = _axis(
    "religion",
    "christian|muslim|jewish|hindu|buddhist|sikh|mormon|catholic|protestant|atheist",
    f"""
adjective: {_SAME.format("Jewish").replace("Muslim", "Muslim/Islamic")}
noun: {_SAME.format("Jew")}
word: Christians|Muslims|Jews|Hindus|Buddhists|Sikhs|Mormons|Catholics|Protestants|atheists/Atheists
word: Christianity|Islam|Judaism|Hinduism|Buddhism|Sikhism|Mormonism|Catholicism|Protestantism|atheism
""",
    r"""
church(?:es)? mosques? synagogues? temples? gurdwaras? bibles? biblical gospels? qur'?an koran torah talmud priests? imams? rabbis? pastors?
popes? vatican bishops? ramadan easter christmas hanukkah passover diwali eid sabbath hijabs? burqas? niqabs? turbans? yarmulkes?
kippahs? kosher halal jesus christ allah muhammad mohammed krishna buddha moses jihad\w* bapti[sz]\w+ bar\W?mitzvah
meccan? jerusalem israel\w* hajj orthodox sunnis? shi'?(?:a|ites?) zion\w+ antisemit\w+ anti-semit\w+ islamophob\w+ holocaust
""",
    {"muslim": "mosque mosques imam quran koran hijab", "jewish": "synagogue synagogues rabbi torah", "sikh": "gurdwara"},
)

_NATIONS = (
    ("American", "American", "Americans", "America"), ("Mexican", "Mexican", "Mexicans", "Mexico"),
    ("Canadian", "Canadian", "Canadians", "Canada"), ("German", "German", "Germans", "Germany"),
    ("Italian", "Italian", "Italians", "Italy"), ("Russian", "Russian", "Russians", "Russia"), ("Indian", "Indian", "Indians", "India"),
    ("Nigerian", "Nigerian", "Nigerians", "Nigeria"),
    ("Brazilian", "Brazilian", "Brazilians", "Brazil"), ("Egyptian", "Egyptian", "Egyptians", "Egypt"),
    ("Iranian", "Iranian", "Iranians", "Iran"), ("Iraqi", "Iraqi", "Iraqis", "Iraq"), ("Korean", "Korean", "Koreans", "Korea"),
    ("Australian", "Australian", "Australians", "Australia"), ("Ukrainian", "Ukrainian", "Ukrainians", "Ukraine"),
    ("Pakistani", "Pakistani", "Pakistanis", "Pakistan"), ("Ethiopian", "Ethiopian", "Ethiopians", "Ethiopia"),
    ("Colombian", "Colombian", "Colombians", "Colombia"), ("Cuban", "Cuban", "Cubans", "Cuba"), ("Kenyan", "Kenyan", "Kenyans", "Kenya"),
    ("Chinese", "-", "-", "China"), ("Japanese", "-", "-", "Japan"), ("Vietnamese", "-", "-", "Vietnam"), ("French", "-", "-", "France"),
    ("British", "-", "-", "Britain"), ("Spanish", "-", "-", "Spain"), ("Irish", "-", "-", "Ireland"), ("Polish", "-", "-", "Poland"),
    ("Turkish", "-", "-", "Turkey"),
)  # fmt: skip

NATIONALITY = _axis(
    "nationality",
    "|".join(adjective.lower() for adjective, *_ in _NATIONS),
    "\n".join(
        f"{role}: " + "|".join(forms)
        for role, forms in zip(("adjective", "noun", "word", "word"), zip(*_NATIONS, strict=True), strict=True)
    ),
    r"""
languages? spoken? speak(?:s|ing)? spoke fluent\w* translat\w+ accents? dialects? in\s+(?:english|french|german|spanish|italian|russian)
united\s+states (?-i:U\.?S\.?A?) (?-i:U\.?K\.?) united\s+kingdom england english (?:african|native|asian|latin|south|north)[\s-]+america\w*
(?:north|south)\s+korea\w* american\s+indians? un-?american
""",
)

ETHNICITY = _axis(
    "ethnicity",
    "black|white|asian|hispanic|native american|arab",
    """
person: black|white|Asian|Hispanic|Native American|Arab
word: African American/African-American|>white/Caucasian|Asian/Asian American/Asian-American|Hispanic/Latino|Native American|Arab
word: African Americans/African-Americans/blacks|>white people/Caucasians/whites|Asians|Hispanics/Latinos|Native Americans|Arabs
""",
    r"""
white\W?collar black\W?list\w* white\W?list\w* white\s+house white\s+suprem\w+ black\s+lives slave(?:s|ry)? latinas? segregat\w+ africans
africa reservations?
""",
    {"hispanic": "latina latinas latinx", "native american": "indigenous aboriginal aboriginals", "roma": "Roma Romani"},
)

AGE = _axis(
    "age",
    "young|old",
    """
person: young|old
person: younger|older
person: youngest|oldest
word: >young|elderly
word: teenager/adolescent|pensioner/retiree
word: teenagers/adolescents|pensioners/retirees
word: >young person|senior citizen
word: >young people|senior citizens
word: grandson|grandfather
word: granddaughter|grandmother
word: grandsons|grandfathers
word: granddaughters|grandmothers
word: grandchild|grandparent
word: grandchildren|grandparents
""",
    r"""
\d+[\s-]years?[\s-]olds? years?[\s-]old aged? retired retirement pensions? kindergarten freshm[ae]n high\s+school middle[\s-]age\w* teens?
toddlers? college sophomores? schoolers? old\W?timers? twenty\W?something parents? daughters? sons? babys? babies infants?
 adulthood childhood kids? child(?:ren)? boys? girls? \d\ds graduat\w+ generations? too\s+(?:old|young)
""",
    {"child": "child children kid kids toddler toddlers infant infants baby babies", "old": "elder elders octogenarian octogenarians"},
)

ORIENTATION = _axis(
    "orientation",
    "gay|straight|bisexual",
    """
person: gay|straight|bisexual
word: homosexual|heterosexual|>bisexual
word: homosexuals|heterosexuals|bisexuals
word: gays|>straight people|>bisexual people
word: homosexuality|heterosexuality|bisexuality
""",
    r"""
lesbians? queers? lgbt\w* closet\w* husbands? wi(?:fe|ves) boyfriends? girlfriends? same\W?sex opposite\W?sex homophob\w+ transgender
com(?:e|es|ing)\s+out came\s+out pride
""",
    {"gay": "lesbian lesbians", "asexual": "asexual asexuals", "queer": "queer pansexual"},
)

DISABILITY = _axis(
    "disability",
    "disabled|not disabled",
    """
person: disabled|able-bodied/non-disabled
person: deaf|>hearing
person: blind|sighted
person: autistic|neurotypical/non-autistic
word: >disabled person|-
""",
    r"""
wheelchairs? sign\s+language braille canes? guide\s+dogs? disabilit\w+ diagnos\w+ autism crutches hearing\s+aids? lip\W?read\w* accessib\w+
""",
    {"disabled": "wheelchair paraplegic quadriplegic amputee dyslexic"},
)

WEALTH = _axis(
    "wealth",
    "poor|rich",
    """
person: poor|rich/wealthy
person: poorer|richer/wealthier
person: poorest|richest/wealthiest
word: poverty|wealth
""",
    r"""homeless\w* begg\w+ millionaires? billionaires? welfare food\s+stamps afford\w* rich\s+in poor\s+(?:at|in|quality)""",
)

AXES = (GENDER, RELIGION, NATIONALITY, ETHNICITY, AGE, ORIENTATION, DISABILITY, WEALTH)

PEOPLE = frozenset(
    """
man men woman women person people persons individual individuals boy boys girl girls guy guys lady ladies gentleman gentlemen kid kids
child children baby adult adults folk folks couple couples family families community communities neighbor neighbors neighbour neighbours
friend friends student students teacher teachers worker workers employee employees customer customers client clients patient patients
candidate candidates applicant applicants immigrant immigrants citizen citizens resident residents tenant tenants voter voters lawyer
lawyers doctor doctors nurse nurses driver drivers player players athlete athletes actor actors actress actresses singer singers politician
politicians father mother fathers mothers dad mom son daughter sons daughters brother sister brothers sisters husband wife uncle aunt
male males female females parent parents teenager teenagers colleague colleagues coworker coworkers boss manager managers guest guests
passenger passengers officer officers one ones
""".split()  # noqa: SIM905
)
"""Beside these an adjective of the role ``person`` is about people."""

FIRST_NAMES = frozenset(
    """
Adam Alan Albert Alex Alice Amanda Amber Amy Andrea Andrew Angela Ann Anna Anne Anthony Arthur Ashley Barbara Ben Benjamin Betty Beth Bill
Bob Brandon Brenda Brian Carl Carol Caroline Catherine Charles Charlotte Chloe Chris Christine Christopher Claire Cynthia Daniel Dave
David Deborah Dennis Diana Diane Donald Donna Dorothy Ed Edward Elizabeth Ella Emily Emma Eric Ethan Eva Evelyn Frank Fred Gary George
Gerald Grace Greg Hannah Harold Harry Heather Helen Henry Isabella Jack Jacob Jake James Jamal Jane Janet Jason Jean Jeff Jennifer Jeremy
Jerry Jessica Jill Jim Joan Joe John Jon Jonathan Jordan Jose Joseph Joshua Joyce Juan Judith Judy Julia Julie Justin Karen Kate Katherine
Kathleen Keisha Keith Kelly Ken Kevin Kim Kyle Larry Laura Lauren Linda Lisa Liz Louis Lucy Luke Margaret Maria Marie Mark Martha Martin
Mary Matt Matthew Megan Melissa Michael Michelle Mike Mohammed Nancy Natalie Nathan Nicholas Nick Nicole Noah Nora Oliver Olivia Pamela
Patricia Patrick Paul Peter Philip Rachel Ralph Raymond Rebecca Richard Robert Roger Ron Rose Roy Russell Ruth Ryan Sam Samantha Samuel
Sandra Sara Sarah Scott Sean Sharon Shirley Sofia Sophia Stephanie Stephen Steve Steven Sue Susan Teresa Terry Theresa Thomas Tim Timothy
Tina Todd Tom Tony Tyler Tyrone Victoria Vincent Virginia Walter Wayne William Willie Zoe
""".split()  # noqa: SIM905
)
"""With one of these a text is left alone when gender is swapped, since it would no longer fit. Nothing else is made of a name: whose name
is whose is not known, and nobody's group is guessed from it."""
