"""Files as they stand in a folder: remarks have the file and line of the words that they are about."""

import re

from policies.extend import extend
from policies.lint.file import lint_file
from policies.lint.remarks import CODES, lint
from policies.load import library, load_dir, load_policy, load_text
from policies.positions import parse
from tests.architecture.project import ROOT

GROUND = """\
name: ground
owner: all
rules:
- id: a
  detect: pii
  entities: [EMAIL_ADDRESS]
  action: block
  when: exchange.messages < 0
"""


def test_lines_of_all_layers(tmp_path, catalog):
    """What is inherited is remarked where it was written, what is weakened where that was done."""
    (tmp_path / "ground.yaml").write_text(GROUND)
    (tmp_path / "top.yaml").write_text("name: top\nowner: me\nextends: ground\nrules:\n- id: a\n  action: flag\n")
    said = [str(each) for each in lint_file(load_policy(tmp_path / "top.yaml", catalog), catalog, "2026-11-22")]
    assert said == [
        f"{tmp_path}/ground.yaml:8: rules[0].when: this holds for no exchange: the rule can never fire [condition-never-true]",
        f"{tmp_path}/top.yaml:6: rules[0].action: flag; below it is block [weakened]",
    ]


def test_ground_that_is_no_policy_by_itself(tmp_path, catalog):
    """A ground that needs what is laid over it is nothing to compare with."""
    (tmp_path / "ground.yaml").write_text("name: ground\nrules:\n- {id: a, detect: pii, entities: [EMAIL_ADDRESS]}\n")
    (tmp_path / "top.yaml").write_text("name: top\nowner: me\nextends: ground\nrules:\n- {id: a, action: flag}\n")
    assert lint_file(load_policy(tmp_path / "top.yaml", catalog), catalog, "2026-11-22") == []


def test_library_has_no_remarks():
    """What comes with the package is an example of how it is done."""
    from detectors.registry import Catalog

    found = load_dir(library(), Catalog()).values()
    assert [str(each) for loaded in found for each in lint_file(loaded, Catalog(), "2026-11-22")] == []


def test_readme():
    """The README's own policy is one, has no remarks, and every code stands there with its meaning."""
    from detectors.registry import Catalog

    readme = (ROOT / "README.md").read_text()
    text = re.search(r"```yaml\n(name: support\n.*?)```", readme, re.DOTALL)
    assert text
    merged = extend(parse(text[1], "README.md"), lambda name: None)
    policy = load_text(text[1], "README.md", Catalog()).policy
    assert [str(each) for each in lint(policy, merged, None, Catalog(), "2026-11-22")] == []
    for code, meaning in CODES.items():
        assert f"| `{code}` | {meaning} |" in readme
    for name in load_dir(library(), Catalog()):
        assert f"\n**`{name}`** " in readme
