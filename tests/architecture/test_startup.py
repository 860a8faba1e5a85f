"""What importing costs: nothing of the detectors' libraries, and nothing that only people on call need."""

import json
import subprocess
import sys

import pytest

from tests.architecture.project import ROOT, modules

HEAVY = {
    "spacy", "thinc", "torch", "transformers", "presidio_analyzer", "hyperscan", "evidently", "pandas", "sklearn", "scipy", "numpy", "nltk",
    "tldextract", "phonenumbers", "redis", "opentelemetry", "rapidocr", "onnxruntime", "cv2", "PIL",
}  # fmt: skip
TELEMETRY = (
    "gateway.wire.otlp", "gateway.guard.telemetry", "gateway.otlp", "gateway.receiver",
    *(f"gateway.watch.otel.{name}" for name in ("client", "collector", "encoding", "logs", "meters")),
)  # fmt: skip
_PROGRAM = """
import importlib, json, sys
before = set(sys.modules)
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def loaded(*names: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after importing these modules."""
    command = [sys.executable, "-W", "error", "-c", _PROGRAM, json.dumps(names)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("name", ["gateway.app", "gateway.cli.main", "policies.load", "detectors.registry"])
def test_what_starts_quickly(name: str):
    """The gateway, its commands and the doors of the other packages load no detector's libraries."""
    assert loaded(name) & HEAVY == set()


def test_any_module():
    """Nor does any module of them, but for those inside a detector, its evaluation, or what receives and sends telemetry, that a door
    imports only when it is asked for.
    """
    inside = {name for name in modules() if name.startswith(("detectors.text", "detectors.training", "gateway.cli.eval_", *TELEMETRY))}
    assert loaded(*sorted(set(modules()) - inside)) & HEAVY == set()


@pytest.mark.parametrize(("door", "without"), [("detectors.registry", {"policies", "gateway"}), ("policies.load", {"gateway"})])
def test_the_lower_packages_stand_alone(door: str, without: set[str]):
    """They are of use without those above them."""
    assert loaded(door) & without == set()
