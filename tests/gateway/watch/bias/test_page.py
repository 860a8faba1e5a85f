"""The page on bias."""

import re

from gateway.watch.bias.page import page
from tests.gateway.watch.bias.test_tables import said


def test_it_needs_nothing_else():
    """No script, and nothing is loaded from anywhere."""
    made = page(said())
    assert not re.search(r"<script|<link|<img|<iframe|\bsrc=|\bhref=|https?://|url\(|@import|\bon[a-z]+=", made)
    assert "default-src 'none'" in made


def test_names_are_text():
    """Whatever an application or a group is called, no markup comes of it."""
    told = said()
    told["apps"][0]["app"] = "<script>alert(1)</script>"
    told["apps"][0]["cells"][0]["group"] = '"><img src=x onerror=alert(1)>'
    made = page(told)
    assert "<script" not in made
    assert "<img" not in made
    assert "&lt;img src=x" in made


def test_it_says_all():
    """The tables with their rows, and how they are read."""
    made = page(said())
    assert made.count("<table>") == 3
    assert '<tr class="bad"><td>disparity</td>' in made
    assert "Simpson" in made


def test_without_anything():
    """A watch that has said nothing makes a page that says so."""
    assert "has said nothing of bias yet" in page({})
