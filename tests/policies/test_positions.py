"""Strict YAML with lines."""

import math
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.positions import MAX_BYTES, MAX_DEPTH, parse, read
from policies.problems import ProblemsError


def refusal(text: str) -> str:
    with pytest.raises(ProblemsError) as error:
        parse(text, "f")
    assert len(error.value.problems) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, {c: 2.5}]\n", {"a": 1, "b": ["x", {"c": 2.5}]}),
        ("a: yes\nb: off\nc: no\nd: 2027-03-01\ne: 12:30:00", {"a": "yes", "b": "off", "c": "no", "d": "2027-03-01", "e": "12:30:00"}),
        ("a: true\nb: False\nc: ~\nd: null\ne:\n", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ("a: 'true'\nb: \"1\"\nc: '~'", {"a": "true", "b": "1", "c": "~"}),
        ("[-1, +2, 0x1f, 1e3, .5, 1., 1.2.3, 1_000, 0o7, nan]", [-1, 2, 31, 1000.0, 0.5, 1.0, "1.2.3", "1_000", "0o7", "nan"]),
        ("[-.inf, 1e400, .Infinity, '.inf']", [-math.inf, math.inf, ".Infinity", ".inf"]),
        ("a: |\n  one\n  two\nb: >\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two\n"}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("404: x", {"404": "x"}),
        ("---\na: 1\n...\n", {"a": 1}),
    ],
)
def test_values(text, value):
    """Plain YAML reads as its 1.2 core schema says: no truth in "yes", no dates."""
    assert parse(text, "f").plain() == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f:1: the file is empty"),
        ("# only\n# words\n", "f:1: the file is empty"),
        ("a: 1\nb: 2\na: 3", "f:3: a: the key is already given on line 1"),
        ("a:\n\t- b", "f:2: a tab stands where YAML wants spaces; indent with spaces"),
        ("a: 1\n---\nb: 2", "f:2: a second document (---) begins here; one file holds one"),
        ("a: 1\nb: !!python/object:os.system x", "f:2: the tag 'tag:yaml.org,2002:python/object:os.syste' is not allowed"),
        ("a: !!str 1", "f:1: the tag 'tag:yaml.org,2002:str' is not allowed"),
        ("a: ! 1", "f:1: the tag '!' is not allowed"),
        ("a: 1\n<<: {b: 2}", "f:2: <<: merge keys (<<) are not allowed; write the keys out"),
        ("[a]: 1", "f:1: a key must be a string"),
        ("a: 1\nb: *x", "f:2: the alias *'x' stands before (or inside) its anchor"),
        ("&a [*a]", "f:1: the alias *'a' stands before (or inside) its anchor"),
        ("a: 1\nb: \x01", "f:2: the character U+0001 is not allowed in YAML"),
        ("a: \udc80", "f:1: the character U+DC80 is not allowed in YAML"),
        ("a: 1\nb: 'x", "f:2: this is not YAML: "),
        ("a: 1\nrul", "f:2: this is not YAML: "),
        ("a: [", "f:1: this is not YAML: "),
        ("a: b: c", "f:1: this is not YAML: mapping values are not allowed"),
        ("a: 1\nb: " + "[" * 5000, f"f:2: more than {MAX_DEPTH} levels of nesting"),
        ("- x\n" * 100_001, "f:100000: more than 100000 values, aliases written out"),
    ],
)
def test_refusals(text, message):
    """What is not plain YAML is refused with its line."""
    assert refusal(text).startswith(message)


def test_alias_bomb_costs_nothing():
    """Aliases count as what they stand for, before they are written out."""
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(20))
    started = time.perf_counter()
    assert "more than 100000 values" in refusal(bomb)
    assert time.perf_counter() - started < 10


def test_alias_depth_is_bounded():
    """Aliases cannot nest deeper than what is written out."""
    text = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(60))
    assert "levels of nesting" in refusal(text)


def test_lines():
    """A value knows the line of its key, or its own in a list; a path that leads nowhere ends at the last value on it."""
    root = parse("a:\n  b: 1\n  c:\n    - x\n    -\n      d: 2\n", "f")
    lines = {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 6,
        ("a", "c", 1, "d"): 6,
        ("a", "zzz", 0): 1,
        ("a", "c", 7): 3,
    }
    assert {loc: root.at(loc).line for loc in lines} == lines


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: \xff\n", ":2: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a: ü".encode("utf-16"), ":1: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"#" * (MAX_BYTES + 1), f":1: the file has more than {MAX_BYTES} bytes"),
    ],
)
def test_bytes_that_are_no_text(tmp_path, data, message):
    """A file is UTF-8 and of a sane size."""
    path = tmp_path / "p.yaml"
    path.write_bytes(data)
    with pytest.raises(ProblemsError) as error:
        read(path)
    assert str(error.value) == f"{path}{message}"


def test_files_that_cannot_be_read(tmp_path):
    """A missing file, a folder, a pipe and a device are named, and a pipe is not waited for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, message in (
        (tmp_path / "none", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (pipe, "this is not an ordinary file"),
        (Path("/dev/zero"), "this is not an ordinary file"),
    ):
        with pytest.raises(ProblemsError) as error:
            read(path)
        assert str(error.value) == f"{path}: {message}"


def test_byte_order_mark_is_no_text(tmp_path):
    """A byte order mark, as some editors write it, is left out."""
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert parse(read(path), "p").plain() == {"a": 1}


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@,? \n\t0.~"), max_size=60))
def test_any_text_is_a_value_or_a_problem(text):
    """No text makes the reader fail in any other way, and every line it names exists."""
    try:
        parse(text, "f").plain()
        lines = []
    except ProblemsError as error:
        lines = [problem.line for problem in error.problems]
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)
