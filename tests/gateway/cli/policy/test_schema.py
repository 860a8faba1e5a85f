"""``oddgate policy schema`` as a script sees it."""

import json

from policies.json_schema import DIALECT


def test_prints_it(oddgate):
    """Standard output is the schema and nothing else."""
    code, out, _ = oddgate("schema")
    assert code == 0
    assert json.loads(out)["$schema"] == DIALECT


def test_writes_it(oddgate, tmp_path):
    """With the line by which an editor finds it."""
    code, out, _ = oddgate("schema", "--cases", "--out", tmp_path / "cases.schema.json")
    assert (code, out) == (0, "# yaml-language-server: $schema=cases.schema.json\n")
    assert json.loads((tmp_path / "cases.schema.json").read_text())["type"] == "array"


def test_cannot_write_it(oddgate, tmp_path):
    """A file that cannot be written is a wrong use."""
    code, out, err = oddgate("schema", "--out", tmp_path / "no" / "such")
    assert (code, out) == (2, "")
    assert err.endswith("cannot be written: No such file or directory\n")
