"""Every way in which a policy cannot be used, with its file, line and key."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.load import PolicyError, astray, library, load_dir, load_policy
from policies.verdict import Action
from policies.vocabulary import Mode, Scope

CONTRACT = """\
name: support
description: "Card-services assistant. Owner: payments security. Review: 2027-03."
mode: enforce
applies_to: {apps: [support-bot], models: ["gpt-*"], surfaces: ["*"]}
rules:
  - id: pii
    detect: pii
    scope: [system, user, assistant, tool_arguments, tool_results]
    entities: [EMAIL_ADDRESS, PHONE_NUMBER, PERSON]
    action: tokenize
    restore: true
    on_error: block
on_uninspectable: {image: flag, audio: flag, unknown: block}
respond: {style: error, message: "This assistant cannot help with that."}
"""

RULE_KEYS = (
    "id, detect, scope, entities, patterns, allow_list, min_score, max_fpr, when, action, restore, mode, on_error, on_timeout, "
    "on_unavailable, deadline_ms, stream"
)
SCOPES = "system, user, assistant, tool_arguments, tool_results, tool_definitions, reasoning, output, telemetry"


def policy(*rule_lines: str) -> str:
    """A policy whose rule ``a`` begins on line 3 and goes on with these lines, from line 6."""
    return "\n".join(["name: p", "rules:", "- id: a", "  detect: pii", "  scope: [user]", *(f"  {line}" for line in rule_lines)])


def test_contracts_example(loaded):
    """The contract's own example loads, its tool arguments without a stream key."""
    rule = loaded(CONTRACT).policy.rules[0]
    assert rule.action is Action.TOKENIZE
    assert rule.scope[0] is Scope.SYSTEM


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("rules: []", ["1: name: this key is required"]),
        ("[]", ["1: must be a mapping; allowed keys: *"]),
        ("just words", ["1: must be a mapping; allowed keys: *"]),
        ("", ["1: the file is empty"]),
        ("name: p\nrules: [", ["2: this is not YAML: *"]),
        ("name: p\nname: q", ["2: name: the key is already given on line 1"]),
        ("name: p\n\ndomian: {}", ["3: domian: unknown key; did you mean domain? allowed: name, *"]),
        ("name: p\nextends: strct", ["2: extends: there is no policy named strct; *"]),
        ("name: p\nmode: shadwo", ["2: mode: 'shadwo' is not allowed here; did you mean shadow? allowed: enforce, shadow"]),
        ("name: p\nrules:\n", ["2: rules: must be a list"]),
        ("name: p\napplies_to:\n  app: [x]", ["3: applies_to.app: unknown key; did you mean apps? allowed: apps, models, surfaces"]),
        (
            "name: p\nrespond: {style: refuse}",
            ["2: respond.style: 'refuse' is not allowed here; did you mean refusal? allowed: error, refusal"],
        ),
        (
            "name: p\non_uninspectable: {image: mask}",
            ["2: on_uninspectable.image: 'mask' is not allowed here; allowed: allow, flag, block"],
        ),
        (policy(), ["3: rules[0].action: this key is required"]),
        (policy("action: flag", "whn: 1 > 0"), [f"7: rules[0].whn: unknown key; did you mean when? allowed: {RULE_KEYS}"]),
        (policy("actoin: flag"), ["3: rules[0].action: this key is required", "6: rules[0].actoin: unknown key; did you mean action? *"]),
        (policy("action: flag", "on_error: redact"), ["7: rules[0].on_error: 'redact' is not allowed here; allowed: allow, flag, block"]),
        (policy("action: flag", "deadline_ms: 60001"), ["7: rules[0].deadline_ms: must be at most 60000"]),
        (policy("action: flag", "min_score: 1.1"), ["7: rules[0].min_score: must be at most 1.0"]),
        (policy("action: flag", "stream: all"), ["7: rules[0].stream: 'all' is not allowed here; allowed: sentence, whole"]),
        (
            policy("action: flag", "entities:", "  - EMAIL_ADRESS"),
            ["8: rules[0].entities[0]: pii does not find EMAIL_ADRESS; did you mean EMAIL_ADDRESS? allowed: EMAIL_ADDRESS, PERSON, *"],
        ),
        (policy("action: flag", "entities: []"), ["7: rules[0].entities: an empty list: the rule can never fire; *"]),
        (policy("action: flag", "entities: [PERSON, PERSON]"), ["7: rules[0].entities[0]: PERSON is listed 2 times"]),
        (policy("action: mask", "restore: true"), ["7: rules[0].restore: only action tokenize can be restored, *"]),
        (
            policy("action: flag", "patterns:", "  - name: EMP_ID", "    regex: (a+)+"),
            ["9: rules[0].patterns[0].regex: it can match in too many ways"],
        ),
        (
            policy("action: flag", "patterns:", "  - {name: EMP_ID, regex: x, disguises: [spased]}"),
            ["8: rules[0].patterns[0].disguises[0]: 'spased' is not allowed here; did you mean spaced? allowed: spaced, leet"],
        ),
        (
            policy("action: flag", "entities: [PERSON]", "patterns:", "  - name: EMP_ID", "    regex: x"),
            ["9: rules[0].patterns[0].name: EMP_ID can never fire: it is not among this rule's entities; add it there"],
        ),
        (
            policy("action: flag", "min_score: 0.8", "patterns:", "  - name: EMP_ID", "    regex: x"),
            ["9: rules[0].patterns[0].score: EMP_ID can never fire: its score is below this rule's min_score 0.8"],
        ),
        (
            "name: p\nrules:\n- {id: a, detect: pi, action: flag}\n- {id: a, detect: secrets, action: flag, scope: []}",
            [
                "3: rules[0].detect: there is no detector pi; did you mean pii? allowed: pii, secrets",
                "4: rules[1].id: a is already the id of rules[0]",
                f"4: rules[1].scope: an empty list: the rule can never fire; allowed: {SCOPES}, or leave the key out for all text",
            ],
        ),
    ],
)
def test_refusals(loaded, text, problems):
    """Each mistake is named with its line and key, what is wrong, and what is allowed."""
    with pytest.raises(PolicyError) as error:
        loaded(text)
    said = str(error.value).splitlines()
    assert len(said) == len(problems), said
    for line, problem in zip(said, problems, strict=True):
        start, star, _ = f"p.yaml:{problem}".partition("*")
        assert line.startswith(start) if star else line == start


STREAMED = "name: p\nmode: {mode}\nrules:\n- id: a\n  detect: {detect}\n  scope: [user, {scope}]\n  {more}\n"


@pytest.mark.parametrize(
    ("scope", "more", "key"),
    [
        ("output", "action: redact", "action"),
        ("reasoning", "action: block", "action"),
        ("output", "action: flag", "on_error"),
        ("output", "action: flag\n  on_error: flag", "on_timeout"),
        ("output", "action: flag\n  on_error: flag\n  on_timeout: allow", "on_unavailable"),
        ("output", "action: flag\n  on_error: flag\n  on_timeout: allow\n  on_unavailable: flag", None),
        ("output", "action: redact\n  stream: sentence", None),
        ("output", "action: block\n  stream: whole", None),
        ("output", "action: block\n  entities: [EMAIL_ADDRESS]", None),
        ("output", "action: block\n  mode: shadow", None),
        ("tool_arguments", "action: block", None),
    ],
)
def test_what_a_stream_cannot_take_back(loaded, scope, more, key):
    """A rule that acts on a model's finding in an answer says how much to hold back, or is refused."""
    text = STREAMED.format(mode="enforce", detect="pii", scope=scope, more=more)
    if key is None:
        assert loaded(text)
        return
    with pytest.raises(PolicyError) as error:
        loaded(text)
    assert error.value.problems[0].key == f"rules[0].{key}"
    assert "PERSON is only found in whole sentences" in str(error.value)


def test_shadow_holds_nothing_back(loaded):
    """A shadow policy changes nothing, so it needs no stream key; a detector of patterns needs none either."""
    assert loaded(STREAMED.format(mode="shadow", detect="pii", scope="output", more="action: block")).policy.mode is Mode.SHADOW
    assert loaded(STREAMED.format(mode="enforce", detect="secrets", scope="output", more="action: block"))


def test_digest_is_of_what_it_says(loaded):
    """Comments, order of keys and written-out defaults make no new version; a changed word does."""
    digest = loaded(CONTRACT).digest
    reordered = "# a comment\n" + "\n".join(sorted(CONTRACT.split("rules:")[0].splitlines())) + "\nrules:" + CONTRACT.split("rules:")[1]
    assert loaded(reordered).digest == digest
    assert loaded(CONTRACT + "# end\n").digest == digest
    assert loaded(CONTRACT.replace("mode: enforce\n", "")).digest == digest
    assert loaded(CONTRACT.replace("cannot help", "can't help")).digest != digest
    assert len(digest) == 64


def test_what_a_file_says_itself(loaded, tmp_path, catalog):
    """It is another when its own words are, and the same when those of what it builds on are, or its comments."""
    assert loaded(CONTRACT).own == loaded(CONTRACT + "# end\n").own != loaded(CONTRACT + "owner: a\n").own
    (tmp_path / "top.yaml").write_text("name: top\nextends: ground\n")
    found = []
    for message in ("a", "b"):
        (tmp_path / "ground.yaml").write_text(f"name: ground\nrespond: {{message: {message}}}\n")
        found.append(load_dir(tmp_path, catalog)["top"])
    assert found[0].own == found[1].own
    assert found[0].digest != found[1].digest


def test_folder(tmp_path, catalog):
    """A folder's policies by name, cases and hidden files aside."""
    (tmp_path / "b.yaml").write_text(CONTRACT)
    (tmp_path / "a.yaml").write_text("name: a")
    for name in ("a.cases.yaml", ".hidden.yaml", "notes.md", "a.yaml~"):
        (tmp_path / name).write_text("nothing: of ours")
    found = load_dir(tmp_path, catalog)
    assert list(found) == ["a", "support"]
    assert found["support"].path == tmp_path / "b.yaml"


def test_folder_reports_all_files(tmp_path, catalog):
    """Two policies of one name, a wrong ending, a dangling link and a bad file are all named at once."""
    (tmp_path / "a.yaml").write_text("name: same")
    (tmp_path / "b.yaml").write_text("name: same")
    (tmp_path / "c.yaml").write_text("name: c\nmode: off")
    (tmp_path / "d.yml").write_text("name: d")
    os.symlink(tmp_path / "gone", tmp_path / "e.yaml")
    with pytest.raises(PolicyError) as error:
        load_dir(tmp_path, catalog)
    assert str(error.value).splitlines() == [
        f"{tmp_path}/b.yaml:1: name: same is already the name of the policy in {tmp_path}/a.yaml",
        f"{tmp_path}/c.yaml:2: mode: 'off' is not allowed here; allowed: enforce, shadow",
        f"{tmp_path}/d.yml: a policy's file name must end in .yaml; rename it",
        f"{tmp_path}/e.yaml: cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize("name", ["a.yaml", "a.calibration.json"])
def test_what_stands_beside_is_not_waited_for(tmp_path, catalog, name):
    """A pipe, a device and a folder in a file's place are problems at once."""
    (tmp_path / "a.yaml").write_text("name: a")
    (tmp_path / name).unlink(missing_ok=True)
    for put, why in (
        (os.mkfifo, "this is not an ordinary file"),
        (lambda path: path.symlink_to("/dev/zero"), "this is not an ordinary file"),
    ):
        put(tmp_path / name)
        with pytest.raises(PolicyError) as error:
            load_dir(tmp_path, catalog)
        assert str(error.value) == f"{tmp_path / name}: {why}"
        (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(PolicyError, match="cannot be read: Is a directory"):
        load_dir(tmp_path, catalog)


def test_unreadable(tmp_path, catalog):
    """What cannot be read is said so."""
    with pytest.raises(PolicyError, match="cannot be read: No such file or directory"):
        load_policy(tmp_path / "none.yaml", catalog)
    with pytest.raises(PolicyError, match="cannot be read: No such file or directory"):
        load_dir(tmp_path / "none", catalog)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(CONTRACT)))
def test_truncated_anywhere(loaded, cut):
    """A file cut anywhere is a policy or a clear problem, never another failure."""
    try:
        loaded(CONTRACT[:cut])
    except PolicyError as error:
        said = str(error).splitlines()
    else:
        said = []
    assert all(line.startswith("p.yaml:") for line in said)


def test_library_loads_with_the_real_detectors():
    """What comes with the package is good."""
    from detectors.registry import Catalog

    assert set(load_dir(library(), Catalog())) >= {"default", "observe"}


@pytest.mark.parametrize(
    ("of", "why"),
    [
        ("nix", "there is no other policy nix; allowed: default, other"),
        ("p", "a policy cannot be a new version of itself"),
        ("other", "other has a rollout of its own; allowed: a policy without"),
        ("default", ""),
    ],
)
def test_a_rollout_by_itself(tmp_path, catalog, of, why):
    """A file that is loaded alone is held to its folder as the folder is, whatever is wrong with the others."""
    (tmp_path / "default.yaml").write_text("name: default")
    (tmp_path / "other.yaml").write_text("name: other\nrollout: {of: default, percent: 5}")
    (tmp_path / "p.yaml").write_text(f"name: p\nrollout: {{of: {of}, percent: 5}}")
    try:
        said = astray(load_policy(tmp_path / "p.yaml", catalog), catalog)
    except PolicyError as error:
        said = error.problems
    assert [problem.message for problem in said] == ([why] if why else [])
    assert astray(load_policy(tmp_path / "default.yaml", catalog), catalog) == []
