"""Languages that a policy does not allow."""

import pytest

from detectors.contract import PooledDetector, Scanner
from detectors.text import language
from detectors.text.language import Languages, LanguagesMissingError, build, kin, known_languages

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
