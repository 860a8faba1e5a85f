"""The detector of fixed forms as a whole."""

import pytest

from detectors.overlaps import merge_overlaps
from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.pii import FLOOR, PiiPatterns

FOUND = [
    ("write to jane.roe@example.com today", "EMAIL_ADDRESS", "jane.roe@example.com"),
    ("My IBAN is GB29 NWBK 6016 1331 9268 19.", "IBAN_CODE", "GB29 NWBK 6016 1331 9268 19"),
    ("Here's my SSN: 460-89-9847", "US_SSN", "460-89-9847"),
    ("address 41.173.96.26 blocked", "IP_ADDRESS", "41.173.96.26"),
    ("card 4111 1111 1111 1111 expires", "CREDIT_CARD", "4111 1111 1111 1111"),
    ("call me at (212) 555-0187.", "PHONE_NUMBER", "(212) 555-0187"),
    ("my account 123456789012", "US_BANK_NUMBER", "123456789012"),
    ("driver license D1234567", "US_DRIVER_LICENSE", "D1234567"),
    ("passport 912803456", "US_PASSPORT", "912803456"),
    ("my taxpayer id is 912-70-1234", "US_ITIN", "912-70-1234"),
    ("NHS number 943 476 5919", "UK_NHS", "943 476 5919"),
    ("wallet 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "CRYPTO", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("DEA number AB1234563", "MEDICAL_LICENSE", "AB1234563"),
    ("mac 00:1A:2B:3C:4D:5E", "MAC_ADDRESS", "00:1A:2B:3C:4D:5E"),
    ("id 123e4567-e89b-42d3-a456-426614174000", "UUID", "123e4567-e89b-42d3-a456-426614174000"),
    ("see https://www.example.org/x", "URL", "https://www.example.org/x"),
    ("born 2/8/1935", "DATE_TIME", "2/8/1935"),
    ("lives at 450 Præstevænget 15", "LOCATION", "450 Præstevænget 15"),
]
CLEAN = [
    "What are my options?",
    "Deploy it to S3 and EKS, then run `kubectl get pods -n prod`.",
    "for i in range(10):\n    total += values[i] * 2",
    "The build took 1700000000 ns on 8 cores at 3.2 GHz.",
    "It costs 25 euros, or 30% less for 12 people.",
    "See user.name and current.value in setup.py.",
]


@pytest.fixture(scope="module")
def detector() -> PiiPatterns:
    return PiiPatterns(PATTERN_ENTITIES)


@pytest.mark.parametrize(("text", "entity", "value"), FOUND)
def test_found(detector: PiiPatterns, text: str, entity: str, value: str):
    """Each entity, in a sentence; among overlaps it is the one that is named."""
    assert (entity, value) in {(finding.entity, text[finding.start : finding.end]) for finding in merge_overlaps(detector.scan(text))}


ROW = [
    "1",
    "Jane",
    "jane@x.com",
    "415-555-0123",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "460-89-9847",
    "192.168.12.7",
    "2001:db8::1",
]


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_rows(separator: str):
    """Each value of a row is found, and nothing but the values."""
    detector = PiiPatterns({"EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS"})
    text = separator.join([*ROW, *ROW])
    assert [text[finding.start : finding.end] for finding in merge_overlaps(detector.scan(text))] == [*ROW[2:], *ROW[2:]]


@pytest.mark.parametrize("text", CLEAN)
def test_clean(detector: PiiPatterns, text: str):
    """Ordinary and technical texts have no findings."""
    assert detector.scan(text) == []


def test_weak_forms_need_context(detector: PiiPatterns):
    """Nine digits are nothing by themselves, and nothing below the floor is reported."""
    assert detector.scan("we counted 912803456 of them") == []
    assert all(finding.score >= FLOOR for finding in detector.scan("bank account 912803456, license A1234567"))


def test_allow_list_is_exact_and_ignores_case():
    """A value of the company's own is no finding, wherever it stands; others are."""
    detector = PiiPatterns({"EMAIL_ADDRESS"}, allow_list=["Help@Example.com"])
    found = detector.scan("help@example.com or xhelp@example.com")
    assert [(finding.start, finding.end) for finding in found] == [(20, 37)]


def test_digest_names_the_configuration():
    """Equal configurations have equal digests, different ones different."""
    assert PiiPatterns({"URL"}).digest == PiiPatterns({"URL"}).digest
    configurations = [PiiPatterns({"URL"}), PiiPatterns({"US_SSN"}), PiiPatterns({"URL"}, ["x"]), PiiPatterns({"URL"}, ["URL"])]
    assert len({detector.digest for detector in configurations}) == len(configurations)


def test_prose_settles_up_to_the_current_word(detector: PiiPatterns):
    """A stream of ordinary words is held for no more than the word that is being written."""
    text = "the quick brown fox jumps over the lazy dog while nobody loo"
    assert detector.settled(text) == text.rindex(" ") + 1
