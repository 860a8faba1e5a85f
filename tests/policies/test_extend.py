"""How several policies become one."""

from fnmatch import fnmatchcase

import pytest

from policies.extend import MAX_DEPTH, extend
from policies.load import PolicyError, load_dir, load_policy
from policies.positions import parse
from policies.problems import ProblemsError

GROUND = """\
name: ground
description: What everybody has.
mode: shadow
applies_to: {apps: [ground-app]}
rules:
  - {id: a, detect: pii, action: flag, min_score: 0.5}
  - {id: b, detect: pii, action: mask}
on_uninspectable: {image: block, audio: block}
respond: {style: refusal, message: No.}
"""


def merged(top: str, **files: str):
    """``top`` with what it extends, as plain values."""
    parsed = {name: parse(text, f"{name}.yaml") for name, text in {"ground": GROUND, **files}.items()}

    def find(name: str):
        try:
            return parsed[name]
        except KeyError:
            raise KeyError(f"allowed: {', '.join(sorted(parsed))}") from None

    return extend(parse(top, "top.yaml"), find)


@pytest.mark.parametrize(
    ("top", "key", "expected"),
    [
        ("", "mode", "shadow"),
        ("mode: enforce", "mode", "enforce"),
        ("mode:", "mode", None),
        ("on_uninspectable: {image: allow}", "on_uninspectable", {"image": "allow", "audio": "block"}),
        ("on_uninspectable: {image: null}", "on_uninspectable", {"audio": "block"}),
        ("respond: {style: error}", "respond", {"style": "error", "message": "No."}),
        ("", "description", None),
        ("", "applies_to", None),
        ("", "extends", ["ground"]),
        ("without: [a]", "without", None),
    ],
)
def test_values(top, key, expected):
    """Mappings are merged by key, what lies on top wins, null takes away, and a policy's own affairs are not handed on."""
    assert (merged(f"name: top\nextends: ground\n{top}").node.plain()).get(key) == expected


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("", [("a", "flag"), ("b", "mask")]),
        ("rules: [{id: c, detect: pii, action: block}]", [("a", "flag"), ("b", "mask"), ("c", "block")]),
        ("rules: [{id: b, action: block}]", [("a", "flag"), ("b", "block")]),
        ("without: [a]", [("b", "mask")]),
        ("without: [a]\nrules: [{id: a, detect: pii, action: hash}]", [("b", "mask"), ("a", "hash")]),
        ("rules: [{id: c, action: flag}, {id: c, action: block}]", [("a", "flag"), ("b", "mask"), ("c", "flag"), ("c", "block")]),
        ("rules: [{id: b, action: flag}, {id: b, action: block}]", [("a", "flag"), ("b", "flag"), ("b", "block")]),
    ],
)
def test_rules_are_merged_by_id(top, expected):
    """A known id is laid over its rule in its place, others follow, and one that a file has twice is not lost."""
    rules = merged(f"name: top\nextends: [ground]\n{top}").node.plain()["rules"]
    assert [(rule["id"], rule["action"]) for rule in rules] == expected
    assert all(rule.get("min_score") == 0.5 for rule in rules if rule["id"] == "a" and rule["action"] == "flag")


def test_order():
    """The first is the ground, the next lies over it, the file on top; what several build on is their ground once."""
    found = merged(
        "name: top\nextends: [left, right]\nrespond: {style: error}",
        left="name: left\nextends: ground\nmode: enforce\nrespond: {message: left}",
        right="name: right\nextends: ground\nrespond: {message: right}",
    )
    assert found.layers == ("ground.yaml", "left.yaml", "right.yaml", "top.yaml")
    assert found.node.plain()["mode"] == "enforce"
    assert found.node.plain()["respond"] == {"style": "error", "message": "right"}


def test_borders_are_not_handed_on():
    """They were found for the examples and the traffic of one policy."""
    found = merged("name: top\nextends: left", left="name: left\nextends: ground\nborders: {domain.topics: 0.1}")
    assert "borders" not in found.node.plain()


def test_origins():
    """Of each rule it is known where its words stand."""
    found = merged("name: top\nextends: ground\nrules:\n  - {id: b, action: block}\n  - {id: c, detect: pii, action: flag}")
    assert found.origins == {"a": ("ground.yaml:6",), "b": ("ground.yaml:7", "top.yaml:4"), "c": ("top.yaml:5",)}


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("extends: nobody", "top.yaml:2: extends: there is no policy named nobody; allowed: ground"),
        ("extends: [ground, nobody]", "top.yaml:2: extends[1]: there is no policy named nobody; allowed: ground"),
        ("extends: top", "top.yaml:2: extends: top extends top: a policy cannot build on itself"),
        ("extends: 5", "top.yaml:2: extends: must be a name, or a list of names"),
        ("extends: {a: b}", "top.yaml:2: extends: must be a name, or a list of names"),
        (
            "extends: ground\nwithout: [z]",
            "top.yaml:3: without[0]: none of the policies that this one extends has * the id z",
        ),
    ],
)
def test_refusals(top, message):
    """What cannot be merged is said with its place."""
    with pytest.raises(ProblemsError) as raised:
        merged(f"name: top\n{top}")
    assert fnmatchcase(str(raised.value), message.replace("[", "[[]"))


def test_a_ring_is_refused_and_so_is_a_tower():
    """Building upon each other ends with an error, not with the stack."""
    with pytest.raises(ProblemsError, match="top extends a extends b extends a: a policy cannot build on itself"):
        merged("name: top\nextends: a", a="name: a\nextends: b", b="name: b\nextends: a")
    tower = {f"p{n}": f"name: p{n}\nextends: p{n + 1}" for n in range(MAX_DEPTH + 1)}
    with pytest.raises(ProblemsError, match="more than 8 policies"):
        merged("name: top\nextends: p0", **tower)


def test_files(tmp_path, catalog):
    """What is extended stands beside the file, or in the library; a problem that comes from below is reported where it stands."""
    (tmp_path / "ground.yaml").write_text(GROUND)
    (tmp_path / "top.yaml").write_text("name: top\nextends: ground\nrules: [{id: a, action: block}]\n")
    loaded = load_dir(tmp_path, catalog)["top"]
    assert [(rule.id, rule.action.value) for rule in loaded.policy.rules] == [("a", "block"), ("b", "mask")]
    assert loaded.origins["a"] == (f"{tmp_path}/ground.yaml:6", f"{tmp_path}/top.yaml:3")
    (tmp_path / "ground.yaml").write_text(GROUND.replace("action: mask", "action: maks"))
    with pytest.raises(PolicyError) as raised:
        load_dir(tmp_path, catalog)
    assert {problem.file for problem in raised.value.problems} == {str(tmp_path / "ground.yaml")}
    assert len(raised.value.problems) == 1


def test_library(tmp_path):
    """A team's own file may build on the library's."""
    from detectors.registry import Catalog

    (tmp_path / "mine.yaml").write_text("name: mine\nextends: default\nrules: [{id: pii, mode: shadow}]\n")
    loaded = load_policy(tmp_path / "mine.yaml", Catalog())
    assert [rule.id for rule in loaded.policy.rules] == ["pii", "pii-in-answers"]
    assert loaded.policy.is_shadow(loaded.policy.rules[0])
