"""What an editor knows of policies and cases: all that is good passes, and what the models refuse is refused."""

from pathlib import Path

import jsonschema_rs
import pytest

from detectors.registry import Catalog
from policies.json_schema import cases_schema, policy_schema
from policies.load import library
from policies.policy import Policy
from policies.positions import parse
from policies.problems import ProblemsError
from policies.schema import validate
from tests.policies import test_load

POLICIES = sorted(path for path in library().glob("*.yaml") if not path.name.endswith(".cases.yaml"))
CASES = sorted(library().glob("*.cases.yaml"))


@pytest.fixture(scope="module")
def policy_form() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(policy_schema(Catalog()), offline=True)


def _refused_examples() -> list[str]:
    """The texts of ``test_load`` that are YAML, and that the models alone refuse."""
    (marker,) = [mark for mark in test_load.test_refusals.pytestmark if mark.name == "parametrize"]
    return [text for text, _ in marker.args[1] if _is_refused(text)]


def _is_refused(text: str) -> bool:
    try:
        root = parse(text, "p.yaml")
    except ProblemsError:
        return False
    if root.child("extends") is not None:
        return False
    try:
        validate(Policy, root)
    except ProblemsError:
        return True
    return False


def _plain(text: str) -> object:
    return parse(text, "p.yaml").plain()


@pytest.mark.parametrize("schema", [policy_schema(Catalog()), cases_schema()], ids=["policy", "cases"])
def test_is_a_schema(schema):
    """Draft 2020-12, and every reference leads somewhere."""
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.validator_for(schema, offline=True)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_library_policies(policy_form, path: Path):
    """What comes with the package is valid."""
    policy_form.validate(_plain(path.read_text()))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_library_cases(path: Path):
    """So are its cases."""
    jsonschema_rs.validator_for(cases_schema(), offline=True).validate(_plain(path.read_text()))


def test_contracts_example(policy_form):
    """And the contract's own example."""
    policy_form.validate(_plain(test_load.CONTRACT))


@pytest.mark.parametrize("text", _refused_examples())
def test_refuses_what_the_models_refuse(policy_form, text):
    """Every mistake of form that loading names is one in the editor as well."""
    assert not policy_form.is_valid(_plain(text))


def test_there_are_refused_examples():
    """The test above has something to refuse."""
    assert len(_refused_examples()) > 12


RULE = "rules: [{id: a, detect: pii, action: flag}]"


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        (f"name: p\n{RULE}", True),
        ("name: p\nrules: [{id: a, action: flag}]", False),
        ("name: p\nextends: base\nrules: [{id: a, action: flag}]", True),
        ("name: p\nextends: base\nrules: [{action: flag}]", False),
        ("name: p\nextends: base\nrules: [{id: a, min_score: null}]", True),
        ("name: p\nextends: [base, other]\nwithout: [a]", True),
        ("name: p\nextends: []\nrules: [{id: a}]", False),
        ("name: p\nextends: null", False),
        ("extends: base", False),
        ("name: p\nwithout: [a]", False),
        ("name: p\nextends: base\nrespond: null", True),
        ("name: p\nrespond: null", False),
        ("name: p\nextends: base\non_uninspectable: {image: null}", True),
        ("name: p\nextends: base\non_uninspectable: {picture: null}", False),
        ("name: p\nextends: base\ndomain: {tools: {arguments: {send: null}}}", True),
        ("name: p\nextends: base\ndomain: {topics: {outside: {action: flag}}}", True),
        ("name: p\ndomain: {topics: {outside: {action: flag}}}", False),
        ("name: p\ndomain: {request: {temperature: {max: 1}}}", True),
        ("name: p\ndomain: {request: {temperature: {}}}", False),
        ("name: p\ndomain: {output: {regex: a, grammar: b}}", False),
        ("name: p\ndomain: {output: {regex: a, grammar: null}}", True),
        ("name: p\nflows: [{from: user, to: output}]", True),
        ("name: p\nflows: [{source: user, to: output}]", False),
    ],
)
def test_forms(policy_form, text, is_valid):
    """A policy that builds on others may leave out what those say and take keys away by null; one that stands alone may not."""
    assert policy_form.is_valid(_plain(text)) is is_valid


def test_validators_agree():
    """What the models' validators ask for is in the schema too: it refuses nothing of its own."""
    for text in ("domain: {request: {temperature: {}}}", "domain: {output: {regex: a, grammar: b}}"):
        with pytest.raises(ProblemsError):
            validate(Policy, parse(f"name: p\n{text}", "p.yaml"))


def test_says_what_keys_mean():
    """A field's docstring is what an editor shows."""
    rule = policy_schema(Catalog())["$defs"]["Rule"]
    assert "the company's own switchboard" in rule["properties"]["allow_list"]["description"]
    assert rule["properties"]["detect"]["enum"] == ["pii"]


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("- {name: a, given: {text: hi}, expect: {decision: allow}}", True),
        ("- {name: a, given: {text: hi}, expect: {decison: allow}}", False),
        ("- {name: a, given: {text: hi}, expect: {decision: redacted}}", False),
        ("name: a", False),
    ],
)
def test_cases_form(text, is_valid):
    """A case's keys and words are checked."""
    assert jsonschema_rs.validator_for(cases_schema(), offline=True).is_valid(_plain(text)) is is_valid
