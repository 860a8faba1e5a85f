"""A command line of ``oddgate policy``, and a folder to use it in."""

import argparse
from pathlib import Path

import pytest

from gateway.cli.policy import commands

GOOD = "name: p\nrules:\n- {id: mail, detect: pii, entities: [EMAIL_ADDRESS], action: redact}\n"


@pytest.fixture
def oddgate(capsys):
    """Run a command; its exit code, output and error output."""

    def run(*arguments: object) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        commands.add_parser(parser.add_subparsers())
        args = parser.parse_args(["policy", *map(str, arguments)])
        code = args.run(args)
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder that holds ``policies/p.yaml``, from inside."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_text(GOOD)
    return tmp_path
