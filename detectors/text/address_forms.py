"""How addresses are written: the vocabulary and the expressions that ``addresses`` looks for, each with its score."""

import regex

SURE, CUED, CODE = 0.6, 0.5, 0.4

_CAP = r"(?:\p{Lu}[\p{L}\p{M}'’\-]{0,30}\.?|\d{1,3}(?:st|nd|rd|th))"
_NUM = r"\d{1,6}(?:[A-Za-z]|[-/]\d{1,5}[A-Za-z]?)?"
_START = r"(?<![\w.,:/#$€£+-])"
_LEAD = rf"{_START}(?:{_NUM},?\s)?"
_NOT_MONTH = (
    r"(?!(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?"
    r"|Dec(?:ember)?|[AaPp][Mm])\b)"
)
_UNIT_NUMBER = r"\b\.?\s?#?\s?\d{1,5}[A-Za-z]?\b"
_UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Fl|Floor|Room|Rm|Bldg|Building|Dept|apt|apartment|suite|unit|flat)" + _UNIT_NUMBER
STREET_WORDS = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|Terrace|Parkway|Pkwy|Highway|Hwy|Circle"
    r"|Cir|Way|Crescent|Cres|Close|Grove|Gardens?|Trail|Trl|Alley|Row|Mews|Quay|Esplanade|Parade|Hill|Walk|Rise|Loop|Path|Pike|Ridge|Bend"
    r"|Cove|Crossing|Freeway|Fwy|Turnpike|Tpke|Bypass|Causeway|Wharf|Broadway|Heights|Glen|Vale|Green|Common|Chase|Drift|Track|Strip|Estate"
    r"|Park|street|avenue|ave|road|lane|boulevard|blvd|drive|str|STREET|AVENUE|ROAD|LANE|DRIVE|STR)"
)
_LOWER_NAME = (
    r"(?!(?:of|the|in|on|at|per|each|every|a|an|is|are|was|and|or|to|for|by|with|from|this|that|more|hard|miles?|km|meters?|years?|hours?)\b)"
    r"\p{Ll}{2,20}"
)
_PARTICLE = r"(?:de|del|la|las|los|el|al|du|des|da|do|dos|das|di|van|von|der|den|het|of|the|y|e|i|und|d['’]|l['’])"
_NAME = r"\p{L}[\p{L}'’.\-]{0,30}"
TYPES = (
    r"(?:Calle|CALLE|calle|C/|c/|Cl\.|Rua|rua|Rúa|rúa|Rue|rue|Via|via|Vía|vía|Vicolo|Viale|Corso|Largo|Piazza|piazza|Piazzale|Strada|Avenida"
    r"|avenida|Avda\.?|avda\.?|Av\.|av\.|Avenue|Avinguda|Plaza|plaza|Plaça|Pza\.?|Pl\.|Praça|Praceta|Paseo|paseo|Pº|Passeig|Carrer|carrer"
    r"|Carretera|carretera|Ctra\.?|ctra\.?|Camino|camino|Camiño|Ronda|ronda|Rambla|Travesía|travesía|Travessa|Glorieta|Urbanización"
    r"|urbanización|Urb\.|Barrio|Bulevar|Boulevard|Place|Quai|Chemin|Allée|Impasse|Route|Cours|Calzada|Callejón|Pasaje|pasaje|Cuesta"
    r"|Costanilla|Polígono|Ul\.|ul\.|Ulica|ulica|Bul\.|bul\.|Bd\.?)"
)
_NOT_ENGLISH = r"(?!(?:[vV]ia|Place|Route|[pP]laza)\s(?!(?:de|del|della|dei|delle|la|du|des)\b)\p{Ll})"
ENDINGS = (
    r"(?:straße|strasse|straat|strati|stræti|straeti|gatan|vägen|vej|vejen|gade|gaden|stræde|veien|vegen|katu|kuja|polku|kaari|laan|dreef"
    r"|plein|kade|steeg|singel|gasse|allee|damm|utca|gränd|torget|backen|vænget|braut|vegur|gata|heimar|ulica)"
)
AFTER = (
    r"(?:str\.?|strasse|straße|Strasse|Straße|Str\.|u\.|út|utca|tér|körút|krt\.|sétány|köz|kapu|Allee|Weg|Gasse|Platz|Ring|Ufer|Damm|väg|gata"
    r"|tie|katu|vej|gate|vei)"
)
_POST_BOX = r"(?:P\.?\s?O\.?\s?[Bb]ox|[Pp]ostbox|[Pp]ostfach|[Pp]ost [Oo]ffice [Bb]ox|[Aa]partado(?: de [Cc]orreos)?|[Cc]asilla)"
_MILITARY = r"(?:APO|FPO|DPO|apo|fpo|dpo)[ ,]{1,2}(?:A[AEP]|a[aep])[ ,]{1,2}\d{5}(?:-\d{4})?\b"
_SHIP = r"(?:US[A-Z]{1,3}\s\p{Lu}[\p{L}'’-]{1,30}\s{1,2}|us[a-z]{1,3}\s\p{L}{2,30}\s{1,2})"
_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"

# "…, Mora de Rubielos, Spain 16200": what follows on the same line, if it ends in a post code.
_CODED = rf"(?:[ ,]{{1,3}}(?:\p{{Lu}}[\p{{L}}'’.\-]{{0,30}}|{_PARTICLE}|\d{{1,5}})){{0,7}}?[ ,]{{1,3}}\d{{4,6}}(?:-\d{{3,4}})?(?![\w-])"
_TAIL = rf"(?:,?\s{{1,2}}{_UNIT}){{0,2}}(?:{_CODED})?"
_HOUSE = r"(?:n[º°o]?\.?\s?|núm\.?\s?|km\.?\s?)?(?:\d{1,5}(?:-\d{1,4}|,\d{3})?(?:\s?[A-Za-z])?\b|s/n)"

_SOURCES = (
    # 12 Oak Street; 2450 Crown St; 704 1436 Redbud Drive; 12 old mill road
    (rf"{_LEAD}{_NUM}\s(?:{_CAP}\s){{1,4}}{STREET_WORDS.replace('|drive|', '|')}\b\.?(?!\p{{L}}){_TAIL}", SURE),
    (rf"{_LEAD}{_NUM}\s(?:{_LOWER_NAME}\s){{1,2}}(?:street|avenue|ave|road|lane|boulevard|blvd|drive)\b{_TAIL}", SURE),
    # Calle Miguel Benítez 90; c/ del Abedul, 5-7; Rua do Arenque 1634; 31 Rue Al Imam
    (rf"{_LEAD}\b{_NOT_ENGLISH}{TYPES}(?:\s|(?<=[./]))(?:[ld]['’])?{_NAME}(?:\s{_NAME}){{0,5}}?,?\s?{_HOUSE}{_TAIL}", SURE),
    (rf"{_START}{_NUM},?\s{TYPES}\s(?:{_PARTICLE}\s)?{_CAP}(?:\s(?:{_PARTICLE}\s)?{_CAP}){{0,4}}{_TAIL}", SURE),
    (rf"{_START}{_NUM},?\s(?:Rue|rue|Calle|calle|Avenida|avenida|Rua|rua)\s(?:{_PARTICLE}\s)?\p{{L}}{{3,20}}\b", SURE),
    # Hauptstraße 7; hersnapvej 18; Villacher Strasse 89; Erzsébet tér 19.
    (rf"{_LEAD}\b(?:{_CAP}\s){{0,3}}\p{{L}}{{3,20}}{ENDINGS}\.?\s{_NUM}{_TAIL}", SURE),
    (rf"{_LEAD}\b(?:{_CAP}\s){{1,3}}{AFTER}\s{_NUM}\.?{_TAIL}", SURE),
    (rf"{_LEAD}\b\p{{L}}{{3,20}}\s(?:út|utca|tér|körút|sétány)\s{_NUM}\.?", SURE),
    # 25615 Tawastintie 72 Apt. 004: a number, a name, and a number or a flat
    (rf"{_START}\d{{2,6}}\s{_NOT_MONTH}(?:{_CAP}\s){{1,4}}{_NUM}\.?,?\s{_UNIT}{_TAIL}", SURE),
    (rf"{_START}\d{{3,6}}\s{_NOT_MONTH}(?:{_CAP}\s){{1,3}}\d{{1,4}}\b(?![.,:]?\d|\s?%)", CUED),
    (rf"{_START}\d{{2,6}}\s(?:\d{{1,5}}\s)?{_NOT_MONTH}{_CAP}(?:\s{_CAP}){{0,4}},?\s{_UNIT}{_TAIL}", SURE),
    # PSC 0413, Box 8144; Unit 4719 Box 7394; APO AA 42323; P.O. Box 12
    (rf"\b(?:PSC|psc|CMR|Unit|unit)\s\d{{1,5}},?\s[Bb]ox\s\d{{1,6}}\b(?:\s{{1,2}}{_MILITARY})?", SURE),
    (rf"\b{_SHIP}?{_MILITARY}", SURE),
    (rf"\b{_POST_BOX}\s\d{{1,6}}(?:\s{_CAP}){{0,3}}{_TAIL}", SURE),
    # the corner of A and B
    (
        (
            rf"\b(?:the )?corner of (?:\d{{1,6}}\s)?(?:{_CAP}|\d{{1,5}}\.?)(?:\s(?:{_CAP}|\p{{Ll}}{{1,5}}\.?|\d{{1,5}}\.?)){{0,4}}?"
            rf"\s(?:and|&)\s{_CAP}(?:\s{_CAP}){{0,3}}"
        ),
        SURE,
    ),
    # Apt. 5; CA 90210; SW1A 1AA; K1A 0B1
    (r"\b(?:Apt|Apartment|Suite|Ste|Flat|apt|apartment|suite)" + _UNIT_NUMBER, CODE),
    (rf"\b{_STATE}\s\d{{5}}(?:-\d{{4}})?\b(?!-?\d)", CODE),
    (r"\b(?:[A-PR-UWYZ]\d{1,2}|[A-PR-UWYZ][A-HK-Y]\d[A-Z\d]?)\s\d[ABD-HJLNP-UW-Z]{2}\b", CODE),
    (r"\b[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]\s\d[ABCEGHJ-NPRSTV-Z]\d\b", CODE),
)
FORMS = tuple((regex.compile(source), score) for source, score in _SOURCES)

NUMBER_FIRST = regex.compile(
    rf"\d{{1,6}}(?:\s\d{{1,5}})?\s{_NOT_MONTH}(?:{_CAP}(?:\s{_CAP}){{0,3}}(?:\s\d{{1,5}}\b\.?)?|\p{{Ll}}{{4,20}}\s\d{{1,4}}\b)"
)
NUMBER_LAST = regex.compile(rf"(?:{_CAP}\s){{1,3}}\d{{1,5}}\b\.?(?![:,.]?\d)|\p{{Ll}}{{5,20}}\s\d{{1,4}}\b(?![:,.]?\d|\s?(?:%|[ap]\.?m))")
"""What may stand behind a phrase that announces an address: "450 Præstevænget 15", "Edeby 55"."""

CUE_WORDS = (
    r"(?:address(?:es)?|domicilio|direcci[oó]n|adresse|anschrift|live[sd]?|living|reside[sd]?|residing|located|location|office|restaurant|shop"
    r"|store|house|home|apartment|hotel|moved?|sen[dt]|ship(?:ped)?|deliver(?:ed|y)?|mail(?:ed)?|meet|drops?|arrived?|return|enter|walk|turn)"
)
CUE = regex.compile(rf"\b{CUE_WORDS}\b[^.?!\n]{{0,40}}?(?:\b(?:at|on|to|in|is|are|off|and)\b|[:?])\s{{0,8}}$", regex.IGNORECASE)
"""The phrases that announce one: "lives at", "our office is on", "deliver it to"."""

CODE_CUE = regex.compile(
    r"\b(?:zip(?: ?code)?|post(?:al)? ?code|postcode|c[oó]digo postal|cp|c\.p\.|plz)\b(?: is| are|:|#)?:?\s{0,8}$", regex.IGNORECASE
)
POST_CODE = regex.compile(r"\b[A-Z]{0,2}-?\d{3,6}(?:-\d{3,4})?\b")
LINE_CODE = regex.compile(r"(?<=\p{L} )\d{4,6}(?:-\d{3,4})?(?=\s*(?:$|\n|[.?!,;])|\s)", regex.MULTILINE)

TRIGGERS = (
    rf"\s{STREET_WORDS}\b",
    rf"\b{TYPES}",
    rf"{ENDINGS}\.?\s\d",
    rf"\s{AFTER}\s\d",
    r"\d{3}\s(?:\p{Lu}|\d{1,3}[snrt])",
    r"(?i)\b(?:apt|apartment|suite|ste|flat|unit|fl|floor|room|rm|bldg|building|dept)\.?\s?#?\s?\d",
    r"(?i)(?:box|postfach|apartado|correos|casilla)\s\d",
    r"(?i)(?:APO|FPO|DPO)[ ,]{1,2}A[AEP]",
    r"corner of",
    *(source for source, score in _SOURCES if score == CODE),
    rf"(?i)\b{CUE_WORDS}[^.!]{{0,90}}\d",
    r"(?i)\b(?:zip|post|codigo|código|cp|c\.p|plz).{0,24}\d",
)
