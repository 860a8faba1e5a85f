"""Languages that a policy does not allow."""

import pytest

from detectors.calibration import table
from detectors.contract import PooledDetector, Scanner
from detectors.text import language
from detectors.text.language import ByLength, Languages, LanguagesMissingError, build, is_of_other_script, kin, known_languages

pytest.importorskip("py3langid", reason="the extra 'topics' is not installed")

SENTENCES = {
    "en": "I would like to know when my new card will arrive.",
    "de": "Ich möchte wissen, wann meine neue Karte ankommt.",
    "fr": "Je voudrais savoir quand ma nouvelle carte arrivera.",
    "es": "Me gustaría saber cuándo llegará mi nueva tarjeta.",
    "ru": "Я хотел бы знать, когда придёт моя новая карта.",
    "zh": "我想知道我的新卡什么时候到。",
    "ar": "أود أن أعرف متى ستصل بطاقتي الجديدة.",
}


@pytest.fixture(scope="module")
def scan() -> Scanner:
    return build(("en", "de"))


@pytest.mark.parametrize("code", ["en", "de"])
def test_allowed(scan: Scanner, code: str):
    """A sentence in an allowed language looks like others in it."""
    ((finding,),) = scan([SENTENCES[code]])
    assert finding.score < 0.9


@pytest.mark.parametrize("code", ["fr", "es", "ru", "zh", "ar"])
def test_foreign(scan: Scanner, code: str):
    """A sentence in any other language looks foreign, and the finding is the whole text."""
    ((finding,),) = scan([SENTENCES[code]])
    assert finding.score > 0.99
    assert (finding.kind, finding.start, finding.end) == ("language.other", 0, len(SENTENCES[code]))


@pytest.mark.parametrize("text", ["ok", "hello", "12345", "def f(x): return x + 1", "SELECT * FROM users WHERE id = 3", "😀", "", "Zürich"])
def test_unsure(scan: Scanner, text: str):
    """What could be of any language is not foreign."""
    ((finding,),) = scan([text])
    assert finding.score < 0.98


SHORT = ["yes please", "never mind", "credit card", "approve", "my name is Anna", "it is urgent", "apple pay", "when", "go ahead", "cheers"]


@pytest.mark.parametrize("text", SHORT)
def test_short_replies_pass(text: str):
    """Of a few letters it is not said that they are of another language."""
    ((finding,),) = build(("en",))([text])
    assert finding.score < 0.99


@pytest.mark.parametrize(
    "text", ["wo ist meine karte", "où est ma carte", "карта", "где моя карта", "我的卡", "カード", "كارت", "कार्ड", "hi карта карта"]
)
def test_short_foreign_texts(text: str):
    """Other letters, and a few words, are enough."""
    ((finding,),) = build(("en",))([text])
    assert finding.score > 0.99


@pytest.mark.parametrize(
    ("allowed", "text", "is_other"),
    [
        ("ru", "карта", False),
        ("ru", "card", False),
        ("ru", "我的卡", True),
        ("en", "Ω", False),
        ("en", "my name is 王伟", False),
        ("ja", "カード 会社 ひらがな", False),
        ("en", "card " * 1000 + "карта " * 200, True),
        ("en", "ｃａｒｄ", False),
    ],
)
def test_scripts(allowed: str, text: str, is_other: bool):
    """Most letters at either end are neither Latin nor of a script that an allowed language is written in."""
    assert is_of_other_script(kin((allowed,)), text) is is_other


def test_scripts_are_of_known_languages():
    """What is looked up is what a policy can say."""
    assert {code for codes in language._SCRIPTS.values() for code in codes.split()} <= known_languages()


def test_the_model_is_loaded_once_for_its_codes(monkeypatch: pytest.MonkeyPatch):
    """Whoever asks for the codes again does not wait again."""
    first = known_languages()
    monkeypatch.setattr(language, "_identifier", lambda: pytest.fail("loaded again"))
    assert known_languages() is first


def test_by_length():
    """A text is compared with those that have about as many letters; of too few nothing is said."""
    tables = ByLength((8, 20), (table([0.5]), table([0.1])))
    assert [tables.tail(letters, 0.4) for letters in (3, 8, 19)] == [1.0, 1.0, 1.0]
    assert tables.tail(20, 0.4) < 1
    assert ByLength.from_json(tables.as_json()) == tables


def test_the_end_of_a_long_text_counts(scan: Scanner):
    """A foreign text cannot hide behind an allowed one."""
    ((finding,),) = scan([SENTENCES["en"] * 100 + SENTENCES["fr"] * 40])
    assert finding.score > 0.99


def test_relatives():
    """What only the library tells apart is allowed with its relative; texts of no language always are."""
    assert {"pcm", "zxx", "en"} <= kin(("en",))
    assert "de" not in kin(("en",))
    assert {"en", "nb", "de"} <= known_languages()
    assert "zxx" not in known_languages()


def test_digest_and_factory():
    """The order of the languages does not matter, which they are does."""
    one = Languages(["en", "de"])
    assert isinstance(one, PooledDetector)
    assert one.factory.options == {"allowed": ("de", "en")}
    assert Languages(["de", "en"]).digest == one.digest != Languages(["en"]).digest
    assert one.is_candidate("was?")
    assert not one.is_candidate("123 ?!")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch):
    """It is said at once."""
    monkeypatch.setattr(language, "PACKAGE", "no_such_package")
    with pytest.raises(LanguagesMissingError):
        Languages(["en"])
