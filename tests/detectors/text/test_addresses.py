"""Addresses, by form and by announcement."""

import pytest

from detectors.text.address_forms import FORMS
from detectors.text.addresses import Addresses

FOUND = [
    "12 Oak Street",
    "2450 Crown St",
    "704 1436 Redbud Drive",
    "12 old mill road",
    "Calle Miguel Benitez 90",
    "Calle Lope de Vega, 80",
    "Rua do Arenque 1634",
    "Avenida Francos Rodriguez 16",
    "31 Rue Al Imam Al Bakri",
    "Hauptstraße 7",
    "hersnapvej 18",
    "Villacher Strasse 89",
    "25615 Tawastintie 72 Apt. 004",
    "PSC 0413, Box 8144",
    "P.O. Box 149",
    "APO AA 42323",
    "the corner of Postbox 21 and Elisabeth Parks",
    "CA 90210",
    "SW1A 1AA",
    "K1A 0B1",
]
NOT_FOUND = [
    "20 cars on the road",
    "5 May 2020",
    "Windows 11",
    "Chapter 5 of the book",
    "3 Red Hat servers",
    "Python 3.11 and 3.12",
    "10 AM Monday",
    "I have 2 dogs",
    "via email 5 times",
    "Room 12 is free",
    "HTTP 404 Not Found",
]
ANNOUNCED = [
    ("450 Præstevænget 15", "lives at "),
    ("Edeby 55", "our office is on "),
    ("35350", "my zip code is "),
    ("28016", "CP: "),
    ("17151 2450 Crown St", "The restaurant is at "),
]


def _found(stretch: str, before: str = "") -> set[str]:
    return {stretch[raw.start : raw.end] for raw in Addresses().find(stretch, before)}


@pytest.mark.parametrize("text", FOUND)
def test_found_by_form(text: str):
    """A number beside a street's word, in the order of many countries; boxes and codes."""
    assert text in _found(text)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str):
    """Numbers beside other words."""
    assert _found(text) == set()


@pytest.mark.parametrize(("value", "before"), ANNOUNCED)
def test_found_by_announcement(value: str, before: str):
    """A phrase that says an address follows."""
    assert value in _found(value, before)


def test_a_line_of_an_address_ends_in_its_code():
    """The post code behind a street belongs to it, on its line or below."""
    assert "370 3911 Fourth Avenue Suite 697 Apt. 397, Mora de Rubielos, Spain 16200" in _found(
        "370 3911 Fourth Avenue Suite 697 Apt. 397, Mora de Rubielos, Spain 16200, and"
    )
    assert "34796" in _found("233 Oak Street\n Domoszló\n Hungary 34796\n")


@pytest.mark.parametrize("text", ["B" * 2000, "Bc " * 600, "12 Bc " * 300, "Calle Abc de " * 150, "12 Apt 4 " * 200])
def test_hostile_text_is_read_quickly(text: str):
    """No form backtracks without end."""
    import time

    before = time.process_time()
    for form, _ in FORMS:
        list(form.finditer(text))
    assert time.process_time() - before < 10
