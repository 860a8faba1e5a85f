"""What is well formed and cannot be: each with its line and key; and files that are made to cost more than they should."""

import os

import pytest

from policies.load import PolicyError, load_dir, load_policy

RULE = "{id: a, detect: pii, entities: [EMAIL_ADDRESS], action: flag%s}"
TOPIC = "{name: %s, examples: [%s]}"


def in_domain(*lines: str) -> str:
    """A policy whose domain's parts stand on line 3 and after."""
    return "\n".join(["name: p", "domain:", *(f"  {line}" for line in lines)])


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (f"name: p\nrules:\n- {RULE}\n- {RULE}" % ("", ""), ["4: rules[1].id: a is already the id of rules[0]"]),
        ("name: p\nrules:\n- {id: domain.x, detect: secrets, action: flag}", ["3: rules[0].id: what begins with domain. names a bound*"]),
        (
            "name: p\nrules:\n- {id: a, detect: toxicity, action: flag}",
            ["3: rules[0].detect: there is no detector toxicity; allowed: pii, secrets"],
        ),
        (f"name: p\nrules:\n- {RULE}" % ", when: exchange.ap == ''", ["3: rules[0].when: 1:9: undeclared reference to 'exchange.ap'"]),
        (f"name: p\nrules:\n- {RULE}" % ", when: exchange.chars", ["3: rules[0].when: it is no condition: it gives int*"]),
        (f"name: p\nrules:\n- {RULE}" % ", when: 1/0 == 1", ["3: rules[0].when: this can never be answered: there is a division by zero"]),
        (f"name: p\nrules:\n- {RULE}" % ", max_fpr: 0.1", ["3: rules[0].max_fpr: the scores of pii are not calibrated; use min_score"]),
        (
            "name: p\nrules:\n- {id: a, detect: secrets, action: flag, max_fpr: 0.1, min_score: 0.5}",
            ["3: rules[0].max_fpr: min_score is given as well; allowed: one of the two"],
        ),
        (in_domain("languages: []"), ["3: domain.languages: must have at least 1 entries"]),
        (in_domain("languages: [en, xx]"), ["3: domain.languages[1]: xx cannot be told apart; allowed: de, en"]),
        (in_domain("topics: {allow: []}"), ["3: domain.topics.allow: must have at least 1 entries"]),
        (in_domain("topics: {}"), ["3: domain.topics.allow: this key is required"]),
        (
            in_domain("topics:", "  allow:", f"  - {TOPIC}" % ("t", "a, b"), "  - {name: u, examples: []}"),
            ["6: domain.topics.allow[1].examples: must have at least 2 entries"],
        ),
        (
            in_domain("topics:", "  allow:", "  - {name: t, examples: [a, ' ']}"),
            ["5: domain.topics.allow[0].examples[1]: must not be empty"],
        ),
        (
            in_domain("topics:", "  allow:", f"  - {TOPIC}" % ("t", "a, b"), f"  - {TOPIC}" % ("t", "c, d")),
            ["6: domain.topics.allow[1].name: t is already the name of allow[0]"],
        ),
        (
            in_domain("topics:", "  allow:", f"  - {TOPIC}" % ("t", "a, b"), f"  - {TOPIC}" % ("u", "A, d")),
            ["6: domain.topics.allow[1].examples[0]: this is an example of t as well"],
        ),
        (in_domain("request: {temperature: {}}"), ["3: domain.request.temperature: needs min, max or both"]),
        (in_domain("request: {temperature: {min: 2, max: 1}}"), ["3: domain.request.temperature: min is more than max"]),
        (in_domain("hours: {days: []}"), ["3: domain.hours.days: an empty list: nothing is ever within the domain"]),
        (
            in_domain('hours: {start: "08:00", end: "08:00"}'),
            ["3: domain.hours.end: this is when they start; leave both out for the whole day"],
        ),
        (in_domain("request: {temperature: {max: 1e400}}"), ["3: domain.request.temperature.max: must be a finite number"]),
        (in_domain("tools: {arguments: {a: {maximum: .inf}}}"), ["3: domain.tools.arguments.a.maximum: must be a finite number"]),
        (in_domain("hours: {timezone: Mars/Olympus}"), ["3: domain.hours.timezone: there is no time zone Mars/Olympus"]),
        (in_domain("hours: {timezone: ../../etc/passwd}"), ["3: domain.hours.timezone: there is no time zone ../../etc/passwd"]),
        (
            in_domain("tools:", "  allow: [a]", "  arguments:", "    b: {type: object}"),
            ["6: domain.tools.arguments.b: b can never be called: it is not among the tools that are allowed"],
        ),
        (in_domain("output: {json_schema: {type: intger}}"), ["3: domain.output.json_schema.type: there is no type intger"]),
        (in_domain("tools: {arguments: {a: {type: intger}}}"), ["3: domain.tools.arguments.a.type: there is no type intger"]),
        (in_domain("output: {regex: a, grammar: b}"), ["3: domain.output: an answer has one form; regex and grammar are given"]),
        ("name: p\nflows:\n- {from: usr, to: output}", ["3: flows[0].from: usr is no scope; did you mean user? *"]),
        ("name: p\nflows:\n- {id: f, from: user, to: output}\n- {id: f, from: user, to: output}", ["4: flows[1].id: f is already the id*"]),
        ("name: p\nrollout: {of: p, percent: 5}", ["2: rollout.of: a policy cannot be a new version of itself"]),
    ],
)
def test_refusals(loaded, text, problems):
    """Each has a line, a key, and what is wrong."""
    with pytest.raises(PolicyError) as error:
        loaded(text)
    said = str(error.value).splitlines()
    assert len(said) == len(problems), said
    for line, problem in zip(said, problems, strict=True):
        start, star, _ = f"p.yaml:{problem}".partition("*")
        assert line.startswith(start) if star else line == start


def test_missing_detectors(catalog):
    """A bound whose detector is not installed is an error that says what to install, not a bound that never holds."""
    from policies.load import load_text

    class Bare(type(catalog)):
        def missing(self, detect):
            return f"{detect} needs what is not installed"

    with pytest.raises(PolicyError, match=r"^p\.yaml:3: domain\.topics: topics needs what is not installed$"):
        load_text(in_domain("topics: {allow: [{name: t, examples: [a, b]}]}"), "p.yaml", Bare())


BOMB = "\n".join(
    ["name: &a p", "description: [*a]", *(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}' if i else '*a'] * 10)}]" for i in range(12))]
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "more than 100000 values, aliases written out"),
        ("name: p\nrules: &r\n- *r", r"the alias '?\*?'?r'? stands before \(or inside\) its anchor"),
        ("name: p\n<<: {mode: shadow}", "merge keys"),
        ("name: !!python/object/apply:os.system [id]", "the tag .* is not allowed"),
        ("name: p\ndescription: " + "[" * 40 + "]" * 40, "more than 32 levels of nesting"),
        ("name: p\n---\nname: q", "a second document"),
        ("name: p\x00", "U\\+0000"),
    ],
)
def test_bombs(loaded, text, message):
    """What would cost more than its size, or do something, is refused at its line."""
    with pytest.raises(PolicyError, match=message):
        loaded(text)


def test_anchors_are_plain_values(loaded):
    """An alias stands for what its anchor holds, and the words are counted where they stand."""
    rules = ["{id: a, scope: &s [user, system], detect: secrets, action: flag}", "{id: b, scope: *s, detect: secrets, action: flag}"]
    policy = loaded("name: p\nrules:\n" + "".join(f"- {rule}\n" for rule in rules))
    assert policy.policy.rules[0].scope == policy.policy.rules[1].scope


def test_thousands_of_rules(loaded):
    """As many rules as there may be are loaded; one more is refused, and a mistake among them is found at its line."""
    rules = [f"- {{id: r{index}, detect: pii, entities: [EMAIL_ADDRESS], action: flag}}" for index in range(5000)]
    assert len(loaded("\n".join(["name: p", "rules:", *rules])).policy.rules) == 5000
    more = [*rules, "- {id: more, detect: pii, entities: [EMAIL_ADDRESS], action: flag}"]
    with pytest.raises(PolicyError, match="rules: must have at most 5000 entries"):
        loaded("\n".join(["name: p", "rules:", *more]))
    rules[4321] = "- {id: r4320, detect: pii, entities: [EMAIL_ADDRESS], action: flag}"
    with pytest.raises(PolicyError, match=r"^p\.yaml:4324: rules\[4321\]\.id: r4320 is already the id of rules\[4320\]$"):
        loaded("\n".join(["name: p", "rules:", *rules]))


def test_a_ring_in_a_folder(tmp_path, catalog):
    """Policies that build on each other are all named, and none is loaded."""
    (tmp_path / "a.yaml").write_text("name: a\nextends: b\n")
    (tmp_path / "b.yaml").write_text("name: b\nextends: a\n")
    with pytest.raises(PolicyError) as error:
        load_dir(tmp_path, catalog)
    assert [problem.key for problem in error.value.problems] == ["extends", "extends"]
    assert "a policy cannot build on itself" in str(error.value)


def test_odd_files(tmp_path, catalog):
    """A folder in a policy's place, a pipe and a link to itself are said to be unreadable; none is waited for."""
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    os.symlink("ring.yaml", tmp_path / "ring.yaml")
    for name in ("folder", "pipe", "ring"):
        with pytest.raises(PolicyError, match=r"cannot be read|not an ordinary file"):
            load_policy(tmp_path / f"{name}.yaml", catalog)


def test_a_mounted_config_map(tmp_path, catalog):
    """Files that are links into a folder that is swapped whole are read through; its own folders are no policies."""
    (tmp_path / "..2026_01").mkdir()
    (tmp_path / "..2026_01" / "p.yaml").write_text("name: p\n")
    os.symlink("..2026_01", tmp_path / "..data")
    os.symlink("..data/p.yaml", tmp_path / "p.yaml")
    assert list(load_dir(tmp_path, catalog)) == ["p"]
    (tmp_path / "..2026_02").mkdir()
    (tmp_path / "..2026_02" / "p.yaml").write_text("name: p\nmode: shadow\n")
    os.symlink("..2026_02", tmp_path / "..next")
    os.rename(tmp_path / "..next", tmp_path / "..data")
    assert load_dir(tmp_path, catalog)["p"].policy.mode == "shadow"
