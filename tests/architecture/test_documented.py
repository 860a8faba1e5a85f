"""What people meet by its name is in the README: metrics, settings, error codes, commands."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway import errors
from gateway.app import Gateway
from gateway.cli.main import main
from gateway.config import Config
from tests.architecture.project import ROOT

README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / "docs" / "oddgate.example.yaml").read_text()  # the README sends its reader there for every key


def _expanded(text: str) -> str:
    """``a_{b,c}_total`` as ``a_b_total a_c_total``."""

    def each(match: re.Match[str]) -> str:
        before, inside, after = match.groups()
        return " ".join(f"{before}{part.strip()}{after}" for part in inside.split(","))

    return re.sub(r"(\w*)\{([\w, ]+)\}(\w*)", each, text)


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One that does not run, with an empty policy."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "default.yaml").write_text("name: default\n")
    made = Gateway(Config.model_validate({"policies": {"dir": tmp_path / "policies"}}, strict=False), ())
    yield made
    made._journal.close()


async def test_metrics(gateway: Gateway):
    """Every metric that a scrape shows, by its full name; and no other."""
    shown = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in gateway._instruments.registry.collect()
        if not metric.name.startswith(("python_", "process_"))
    }
    named = set(re.findall(r"\boddgate_[a-z_]+", _expanded(README)))
    assert shown - named == set(), "metrics that the README does not name"
    assert {name for name in named if not name.endswith("_")} - shown == set(), "metrics that do not exist"


def _keys(model: type[BaseModel], path: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        inner = [part for part in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(part, type)]
        below = next((part for part in inner if issubclass(part, BaseModel)), None)
        found += [f"{path}{name}", *(_keys(below, f"{path}{name}.") if below else [])]
    return found


@pytest.mark.parametrize("key", [key for key in _keys(Config) if not key.startswith("apps.limits.")])  # refused by this version
def test_settings(key: str):
    """Every key of the settings, in the README or in the example to which it points."""
    assert "docs/oddgate.example.yaml" in README
    assert re.search(rf"(?<![\w]){key.rpartition('.')[2]}\b", README + EXAMPLE)


@pytest.mark.parametrize("code", sorted(set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", errors.__doc__))))
def test_error_codes(code: str):
    """Every code that an answer of the gateway's own may have."""
    assert f"`{code}`" in README


def test_commands(capsys: pytest.CaptureFixture):
    """Every command."""
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    ([a-z]+) ", capsys.readouterr().out, re.MULTILINE)
    assert len(commands) > 3
    assert [command for command in commands if f"oddgate {command}" not in README] == []
