"""Where the test of a module is: at its own path under ``tests``."""

import ast
from pathlib import Path

import pytest

from tests.architecture.project import ROOT, modules

# Modules with logic but without a test module of their own name: where they are tested.
ELSEWHERE = {
    "gateway.admin_side": "tests/gateway/test_app.py: the admin side of a whole gateway",
    "gateway.proxy.trials": "tests/gateway/proxy/test_rollouts.py: every trial there",
    "gateway.readings": "tests/gateway/test_app.py: the numbers of a whole gateway",
    "gateway.supervisor": "tests/integration/test_workers.py: several workers, as they are started",
    "gateway.cli.doctor_checks": "tests/gateway/cli/test_doctor.py: every check is made there",
    "gateway.cli.incident_export": "tests/gateway/cli/test_incident.py: every export there is called through it",
    "gateway.cli.report": "tests/gateway/cli/test_report_drift.py: every report there is called through it",
    "gateway.receiver": "tests/integration/test_telemetry.py: the receiver of a whole gateway",
    "detectors.training.slice_faults": "tests/detectors/series/test_slices.py: its traffic is looked for there",
    "detectors.training.trace_faults": "tests/detectors/training/test_evaluate_traces.py: its traces are looked at there",
    "detectors.parsers.claims": "tests/detectors/parsers/test_schemas.py: what a schema's parser says early",
    "detectors.parsers.keywords": "tests/detectors/parsers/test_schemas.py: the schemas that cannot be used",
    "detectors.parsers.library": "tests/detectors/parsers/test_schemas.py: compared with what a parser says",
    "detectors.parsers.reasons": "tests/detectors/parsers/test_schemas.py: what violations say",
    "detectors.parsers.rules": "tests/detectors/parsers/test_schemas.py: what a schema's parser says early",
    "gateway.wire.openai.transcript_cues": "tests/gateway/wire/openai/test_transcriptions.py: in the dialect that uses it",
    "gateway.wire.openai.transcript_texts": "tests/gateway/wire/openai/test_transcriptions.py: in the dialect that uses it",
    "gateway.wire.openai.errors": "tests/gateway/wire/openai/test_chat.py: in the dialect that uses it",
    "gateway.guard.outcome": "tests/gateway/guard/test_response.py: what the guards say is asked for there; its record in test_record.py",
    "gateway.guard.render": "tests/gateway/guard/test_response.py: what a guard releases is judged by its bytes",
    "gateway.guard.review": "tests/gateway/guard/test_request.py: the half of the request's guard that is remembered",
    "gateway.guard.upload_files": "tests/gateway/guard/test_upload.py: the files of the uploads there",
    "gateway.guard.upload_steps": "tests/gateway/guard/test_upload.py: every upload there goes by its steps",
    "gateway.guard.writing": "tests/gateway/guard/test_request.py: one match statement over the styles, each tested in a body",
    "gateway.proxy.connection": "tests/gateway/proxy/test_server.py: the half of the engine that its clients hold",
    "gateway.proxy.shutdown": "tests/gateway/proxy/test_realtime.py: what sessions make of it",
    "gateway.proxy.answering": "tests/gateway/proxy/test_handler.py: the second half of every exchange there",
    "detectors.series.feature": "tests/detectors/series/test_drift.py: a watch is its features",
    "policies.lint.answers": "tests/policies/lint/test_remarks.py: all that is remarked, in one table",
    "policies.lint.bounds": "tests/policies/lint/test_remarks.py: all that is remarked, in one table",
    "policies.lint.patterns": "tests/policies/lint/test_remarks.py: all that is remarked, in one table",
    "policies.lint.rules": "tests/policies/lint/test_remarks.py: all that is remarked, in one table",
    "policies.lint.surfaces": "tests/policies/lint/test_remarks.py: all that is remarked, in one table",
    "gateway.cli.policy.commands": "tests/gateway/cli/policy/conftest.py: every command there is called through it",
    "gateway.cli.policy.files": "tests/gateway/cli/policy/test_check.py: which paths are taken, and which are none",
    "gateway.cli.policy.shown": "tests/gateway/cli/policy: what every command there prints",
    "gateway.cli.policy.sources": "tests/gateway/cli/policy/test_replay.py: every replay there reads one of them",
    "gateway.cli.policy.replay_report": "tests/gateway/cli/policy/test_replay.py: what is printed, and the JSON",
    "gateway.cli.policy.explain_text": "tests/gateway/cli/policy/test_explain.py: explains every text there",
    "gateway.cli.policy.stated": "tests/gateway/cli/policy/test_explain.py: what it is told of an exchange",
    "gateway.cli.policy.makeup": "tests/gateway/cli/policy/test_explain.py: what every explanation begins with",
    "gateway.cli.main": "tests/gateway/cli: every command is called through it",
    "gateway.demo.errors": "tests/gateway/demo/test_server.py: as answers",
}
# No logic of their own: protocols, shapes, and scripts that people run.
WITHOUT_TEST = {
    "gateway.proxy.parts": "protocols, and what is made of them",
    "gateway.proxy.http": "a seam: protocols",
    "gateway.guard.scans": "shapes",
    "gateway.wire.dialect": "protocols; tests/gateway/wire runs every dialect",
    "detectors.parsers.contract": "protocols and shapes",
    "detectors.contract": "protocols; tests/contracts runs every detector against them",
    "detectors.finding": "a shape",
    "gateway.storage.exchanges": "tests/contracts/test_every_exchange_store.py: with each database",
    "gateway.config": "tests/gateway/test_settings.py: as people write them",
    "gateway.config.alerts": "tests/gateway/test_settings.py: as people write them",
    "gateway.config.keeping": "tests/gateway/test_settings.py: as people write them",
    "gateway.config.section": "tests/gateway/test_settings.py: as people write them",
    "gateway.config.serving": "tests/gateway/test_settings.py: as people write them",
    "gateway.config.telemetry": "tests/gateway/test_settings.py: as people write them",
    "gateway.config.watch": "tests/gateway/test_settings.py: as people write them",
    "gateway.agreement": "tests/gateway/test_settings.py: as people write them",
    "gateway.watch.store": "shapes and a protocol; tests/contracts/test_every_exchange_store.py holds every store to it",
    "policies.rehearsal.exchange": "shapes",
    "policies.subject": "a shape",
    "policies.verdict": "shapes; tests/policies/test_decide.py fills them",
    "detectors.training.snapshot_presidio": "a script that writes a data file from another project's code, by hand, when that changes",
}


def _has_logic(path: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(ast.parse((ROOT / path).read_text())))


def _test_of(module: str) -> Path:
    *folders, name = module.split(".")
    return ROOT.joinpath("tests", *folders, f"test_{name}.py")


@pytest.mark.parametrize("module", sorted(name for name, path in modules().items() if path.name != "__init__.py" and _has_logic(path)))
def test_mirror(module: str):
    """Each module with logic has a test module of its name, or stands in a table with the reason why not."""
    assert _test_of(module).exists() or module in ELSEWHERE or module in WITHOUT_TEST


def test_no_exception_is_stale():
    """A module in a table exists, and has no test of its own; and what a table points at is there."""
    for module, why in (ELSEWHERE | WITHOUT_TEST).items():
        assert module in modules(), f"there is no {module}"
        assert not _test_of(module).exists(), f"{module} has a test of its own"
        place = why.partition(":")[0]
        assert not place.startswith("tests/") or (ROOT / place).exists(), f"there is no {place}"


def test_no_test_is_an_orphan():
    """A test module that mirrors nothing is named for what it tests, in a folder that mirrors nothing."""
    for folder in ("detectors", "policies", "gateway"):
        for path in (ROOT / "tests" / folder).rglob("test_*.py"):
            relative = path.relative_to(ROOT / "tests")
            module = ".".join([*relative.parts[:-1], relative.stem.removeprefix("test_")])
            assert module in modules(), f"{path.relative_to(ROOT)} tests a module that is not there"
