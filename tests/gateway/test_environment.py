"""Environment variables over the settings file."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, SecretStr

from gateway.environment import overlay
from policies.positions import Node, parse
from policies.problems import ProblemsError


class Deep(BaseModel):
    count: int = 0


class Section(BaseModel):
    word: str = ""
    token: SecretStr | None = None
    path: Path | None = None
    choice: Literal["1", "2"] = "1"
    number: float = 0
    words: tuple[str, ...] = ()
    deep: Deep = Deep()


class Settings(BaseModel):
    one: Section = Section()
    upstreams: tuple[str, ...] = ()


SECTIONS = frozenset(Settings.model_fields)


def over(text: str, **env: str) -> object:
    root = parse(text, "f") if text else Node(None, "f", 0, mapping={})
    return overlay(root, env, Settings, SECTIONS).plain()


@pytest.mark.parametrize(
    ("text", "env", "value"),
    [
        ("", {}, {}),
        ("one: {number: 1}", {"ODDGATE_ONE__NUMBER": "2.5"}, {"one": {"number": 2.5}}),
        ("one: {word: a}", {"ODDGATE_ONE__NUMBER": "2"}, {"one": {"word": "a", "number": 2}}),
        ("one:", {"ODDGATE_ONE__NUMBER": "2"}, {"one": {"number": 2}}),
        ("", {"ODDGATE_ONE__DEEP__COUNT": "3"}, {"one": {"deep": {"count": 3}}}),
        ("", {"ODDGATE_ONE__WORDS": "[a, b]"}, {"one": {"words": ["a", "b"]}}),
        ("", {"ODDGATE_ONE": "{number: 1, word: a}", "ODDGATE_ONE__WORD": "b"}, {"one": {"number": 1, "word": "b"}}),
        ("one: {number: 1}", {"ODDGATE_ONE__NUMBER": ""}, {"one": {"number": 1}}),
        ("one: 5", {"ODDGATE_ONE__NUMBER": "2"}, {"one": 5}),
        ("", {"ODDGATE_SERVICE_HOST": "10.0.0.1", "ODDGATE_PORT": "tcp://10.0.0.1:8080", "OTHER__X": "1"}, {}),
        ("", {"ODDGATE_NONE__NUMBER": "1"}, {"none": {"number": 1}}),
        ("", {"ODDGATE_UPSTREAM": "http://u"}, {"upstreams": [{"name": "openai", "dialect": "openai", "base_url": "http://u"}]}),
    ],
)
def test_values(text, env, value):
    """A variable sets its key, a section's variable the section, and what platforms set is left alone."""
    assert over(text, **env) == value


@pytest.mark.parametrize("key", ["WORD", "TOKEN", "PATH", "CHOICE"])
def test_text_is_taken_as_it_stands(key):
    """Where a string is wanted, a value that looks like a number, a list or a comment is still that string."""
    for text in ("123", "true", "[a", "a # b", "~"):
        assert over("", **{f"ODDGATE_ONE__{key}": text}) == {"one": {key.lower(): text}}


def test_problems_name_the_variable():
    """A value knows the variable that it came from."""
    root = overlay(parse("one: {number: 1}", "f"), {"ODDGATE_ONE__DEEP__COUNT": "x"}, Settings, SECTIONS)
    node = root.at(("one", "deep", "count"))
    assert (node.file, node.line) == ("$ODDGATE_ONE__DEEP__COUNT", 0)
    with pytest.raises(ProblemsError, match=r"^\$ODDGATE_ONE__WORDS:1: this is not YAML"):
        over("", ODDGATE_ONE__WORDS="[a")


def test_both_upstream_variables():
    """The short form and the long one contradict each other."""
    with pytest.raises(ProblemsError, match=r"^\$ODDGATE_UPSTREAM: \$ODDGATE_UPSTREAMS is set too; set one of them$"):
        over("", ODDGATE_UPSTREAM="http://u", ODDGATE_UPSTREAMS="[]")
