"""``oddgate policy diff`` as a script sees it: what it prints, and its exit code."""

import json

from tests.gateway.cli.policy.conftest import GOOD


def test_diff(oddgate, folder):
    """Each change in a line, with which way it goes; exit 1 if there is any."""
    (folder / "new.yaml").write_text(GOOD.replace("action: redact", "action: block, allow_list: [x]") + "mode: shadow\n")
    code, out, _ = oddgate("diff", "policies/p.yaml", "new.yaml")
    assert code == 1
    assert out.splitlines()[:-1] == [
        "looser  mode: enforce -> shadow",
        "looser  rules.mail.allow_list: +x",
        "tighter rules.mail.action: redact -> block",
    ]
    assert out.splitlines()[-1].endswith(": 3 changes")


def test_what_is_added_and_removed(oddgate, folder):
    """As a whole, cut short."""
    (folder / "new.yaml").write_text(GOOD.replace("id: mail", "id: post"))
    _, out, _ = oddgate("diff", "policies/p.yaml", "new.yaml")
    assert [line[:32] for line in out.splitlines()[:2]] == ['looser  rules.mail: removed: {"i', 'tighter rules.post: added: {"id"']
    assert all(len(line) < 160 for line in out.splitlines())


def test_alike(oddgate, folder):
    """Exit 0, and nothing but how many."""
    code, out, _ = oddgate("diff", "policies/p.yaml", "policies/p.yaml")
    assert (code, out.splitlines()[-1].endswith(": 0 changes"), len(out.splitlines())) == (0, True, 1)


def test_as_json(oddgate, folder):
    """The same for a script."""
    (folder / "new.yaml").write_text(GOOD + "domain: {groups: [staff]}\n")
    code, out, _ = oddgate("diff", "--json", "policies/p.yaml", "new.yaml")
    assert code == 1
    assert json.loads(out)["changes"] == [{"key": "domain.groups", "old": None, "new": ["staff"], "trend": "tighter"}]


def test_bad_policy(oddgate, folder):
    """A wrong use, with its problems."""
    (folder / "bad.yaml").write_text("name: 5")
    code, _, err = oddgate("diff", "policies/p.yaml", "bad.yaml")
    assert (code, err) == (2, "bad.yaml:1: name: must be a string; put it in quotes\n")
