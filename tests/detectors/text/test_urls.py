"""Web addresses and domains."""

import pytest

from detectors.text.finders import finders
from detectors.text.raw import Finder

FOUND = [
    ("see https://www.example.org/a?b=c now", "https://www.example.org/a?b=c"),
    ("http://www.ScrapbookInsider.com.pt/", "http://www.ScrapbookInsider.com.pt/"),
    ("mail.example.co.uk,", "mail.example.co.uk"),
    ('"example.com"', "example.com"),
    ("www.setup.py", "www.setup.py"),
    ("https://example.py", "https://example.py"),
    ("t.co/abc", "t.co/abc"),
    ("a.community", "a.community"),
]
NOT_FOUND = [
    "email.The end",
    "current.value",
    "user.name",
    "setup.py",
    "main.rs",
    "obj.get()",
    "done.It is",
    "e.g. this",
    "3.14",
    "cannot.As",
    "...",
]


@pytest.fixture(scope="module")
def urls() -> Finder:
    return finders({"URL"})[0]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_found(urls: Finder, text: str, value: str):
    """With scheme, with path, or a bare domain."""
    assert [text[raw.start : raw.end] for raw in urls.find(text, "")] == [value]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(urls: Finder, text: str):
    """Words that only begin with an ending, file names, attributes."""
    assert list(urls.find(text, "")) == []


@pytest.mark.parametrize("text", ["." * 2000, "a." * 1000, ".com" * 500, "www." * 500])
def test_hostile_text_is_read_once(urls: Finder, text: str):
    """A line of dots takes no time."""
    import time

    before = time.process_time()
    list(urls.find(text, ""))
    assert time.process_time() - before < 5
