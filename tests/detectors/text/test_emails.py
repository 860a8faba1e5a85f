"""E-mail addresses."""

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.text.emails import Emails
from detectors.text.finders import finders
from detectors.text.presidio import fixed_forms
from detectors.text.raw import Finder

FOUND = [
    ("https://x.example/?m=zoe@example.org", ["zoe@example.org"]),
    ("https://x.example/zoe@example.org/edit", ["zoe@example.org"]),
    ("mailto:zoe@example.org?subject=x", ["zoe@example.org"]),
    ("user=zoe@example.org&x=1", ["zoe@example.org"]),
    ("?to=zoe@example.org&cc=bob@example.org", ["zoe@example.org", "bob@example.org"]),
    ('"email":"zoe@example.org"', ["zoe@example.org"]),
    ("email='zoe@example.org'", ["zoe@example.org"]),
    ("<zoe@example.org>", ["zoe@example.org"]),
    ("zoe@example.org,bob@example.org", ["zoe@example.org", "bob@example.org"]),
    ("1|Zoe|zoe@example.org|bob@example.org", ["zoe@example.org", "bob@example.org"]),
    ("zoe@nothing.zz@example.org", ["nothing.zz@example.org"]),
    ("o'brien+x_y-z@example.co.uk.", ["o'brien+x_y-z@example.co.uk"]),
    ("bounce+zoe=example.com@lists.example.org", ["bounce+zoe=example.com@lists.example.org"]),
    ("zoe=@example.org", ["zoe=@example.org"]),
    ("zoë@example.org", ["zoë@example.org"]),
    ("_zoe@example.org_", ["zoe@example.org"]),
    ("__zoe@example.org__", ["zoe@example.org"]),
    ("***_zoe@example.org_***", ["zoe@example.org"]),
    ("_@example.org", ["_@example.org"]),
    ("zoe@example.org_backup", ["zoe@example.org"]),
    ("zoe@example.org-backup", ["zoe@example.org"]),
    ("zoe@example.org.2024-01.zz", ["zoe@example.org"]),
    ("zoe@a_b.example.org", ["zoe@a_b.example.org"]),
    ("zoe@xn--e1afmkfd.xn--p1ai", ["zoe@xn--e1afmkfd.xn--p1ai"]),
    ("zoe@example.org" + ".a" * 200, ["zoe@example.org"]),
]
PRESIDIO = fixed_forms()["EMAIL_ADDRESS"]
NOT_FOUND = ["zoe@localhost", "zoe@example.zz", "=@example.org", "zoe.@example.org", "@example.org", "a@b", "user@"]


@pytest.fixture(scope="module")
def emails() -> Finder:
    return finders({"EMAIL_ADDRESS"})[0]


@pytest.mark.parametrize(("text", "values"), FOUND)
def test_found(emails: Finder, text: str, values: list[str]):
    """Alone, in a URL, in JSON, in rows: from the first character of the local part."""
    assert [text[raw.start : raw.end] for raw in emails.find(text, "")] == values


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(emails: Finder, text: str):
    """No registered domain, no local part."""
    assert list(emails.find(text, "")) == []


@settings(max_examples=150, deadline=None)
@example(text="example.org/zoe@example.orga")
@given(text=st.lists(st.sampled_from([*"ab.@@=/?&|-+' ,", "example.org", "zoea@example.org", "é"]), max_size=12).map("".join))
def test_every_address_that_presidio_finds(emails: Finder, text: str):
    """Where Presidio's form finds a word, an @ and a registered domain, one is found that ends there."""
    found = [text[: raw.end] for raw in PRESIDIO.find(text)]
    theirs = {len(upto) for upto in found if regex.search(r"[ab]@(?:[ab]\.)?example\.org$", upto)}
    assert theirs <= {raw.end for raw in emails.find(text, "")}


@pytest.mark.parametrize(
    "text", ["a" * 2000, "a@" * 1000, "#" * 2000 + "@example.org", "a=" * 1000 + "@example.org", "@" + "a-" * 1000, "a@" + "a." * 1000]
)
def test_hostile_text_is_read_once(emails: Finder, text: str):
    """Long runs of what addresses are made of take no time."""
    import time

    before = time.process_time()
    list(emails.find(text, ""))
    assert time.process_time() - before < 5


@pytest.mark.parametrize("text", ["write to zoe@example.org请联系", "zoe@example.orgです", "zoe@example.orgпривет"])
def test_letters_of_another_script_right_behind(text: str):
    """Where no space is set, an address ends with its registered domain."""
    found = list(Emails((), lambda domain: domain == "example.org").find(text, ""))
    assert [text[raw.start : raw.end].rpartition(" ")[2] for raw in found] == ["zoe@example.org"]
