"""Who may import whom: one table, from the leaves to the root. What is not in it is not allowed."""

import ast
from graphlib import TopologicalSorter

import pytest

from tests.architecture.project import PACKAGES, ROOT, imports, is_within, modules

# For each package: what it may import of ours besides itself, and why. The longest name that fits a module counts.
EDGES: dict[str, tuple[str, ...]] = {
    "detectors": (),  # a detector knows text: no policies, no HTTP, no gateway
    # A policy knows findings, and what their scores mean; spans are reconciled in one place only.
    "policies": ("detectors.calibration", "detectors.finding", "detectors.overlaps"),
    "gateway.errors": (),  # every part raises them
    "gateway.secret": (),
    "gateway.environment": ("policies.positions", "policies.problems"),  # settings are read like policies: by line
    "gateway.surfaces": ("gateway.wire", "policies.vocabulary"),  # which paths are free, and how a path of the settings is read, wire knows
    "gateway.config": ("gateway.incidents.allowed", "gateway.secret", "gateway.surfaces", "policies.vocabulary"),
    "gateway.acting": ("gateway.config", "gateway.incidents.allowed", "policies.load", "policies.objections"),
    "gateway.agreement": (
        "gateway.acting", "gateway.alerts", "gateway.config", "gateway.incidents.allowed", "gateway.surfaces", "policies.positions",
    ),
    "gateway.alerts": ("gateway.config", "gateway.incidents", "policies.globs", "policies.positions"),
    "gateway.settings": (
        "gateway.agreement", "gateway.config", "gateway.environment", "gateway.incidents.incident", "policies.positions",
        "policies.problems", "policies.schema",
    ),
    # A segment has a policy's scope, and what a request asks for has a policy's form; wire knows nothing else of them. What is text in
    # disguise is no id.
    "gateway.wire": ("detectors.encoded", "detectors.text.cards", "gateway.errors", "policies.subject", "policies.vocabulary"),
    "gateway.guard": ("detectors", "gateway.wire", "policies"),
    "gateway.telemetry": (),
    # The record is derived from what the guards say.
    "gateway.telemetry.record": (
        "detectors.text.uncertainty", "gateway.guard", "gateway.telemetry.course", "gateway.telemetry.texts", "gateway.wire",
        "policies.subject",
        "policies.verdict",
    ),
    "gateway.telemetry.likeness": ("detectors.text", "gateway.guard.glimpse", "gateway.guard.memo", "gateway.wire"),
    "gateway.telemetry.texts": ("gateway.guard.kept", "gateway.guard.outcome", "gateway.wire"),
    "gateway.telemetry.course": ("gateway.wire.model",),
    "gateway.telemetry.journal": (
        "gateway.telemetry.chain", "gateway.telemetry.checkpoints", "gateway.telemetry.ends", "gateway.telemetry.signing",
        "gateway.wire.codec", "gateway.wire.model",
    ),
    "gateway.keyfile": ("gateway.config", "gateway.proxy.keeping"),
    "gateway.telemetry.merged": ("gateway.telemetry.instruments",),
    "gateway.telemetry.instruments": (
        "gateway.telemetry.decided", "gateway.telemetry.names", "gateway.telemetry.record", "policies.subject",
    ),
    "gateway.telemetry.decided": ("gateway.guard.outcome", "gateway.telemetry.record", "policies.verdict"),
    "gateway.prices": (
        "gateway.config", "gateway.wire.model", "policies.globs", "policies.positions", "policies.schema", "policies.vocabulary",
    ),
    # I/O on the path. Of telemetry it fills the record; who writes that, the app decides.
    "gateway.proxy": (
        "detectors", "gateway.config", "gateway.errors", "gateway.guard", "gateway.telemetry.record", "gateway.wire", "policies",
    ),
    "gateway.proxy.http": (),  # the seam between the exchange and the HTTP engine
    "gateway.proxy.sockets": ("gateway.errors", "gateway.proxy.http"),  # both engines' WebSockets
    "gateway.proxy.server": (
        "gateway.errors", "gateway.proxy.connection", "gateway.proxy.http", "gateway.proxy.listening", "gateway.proxy.shutdown",
        "gateway.proxy.sockets",
    ),  # an engine, replaceable
    "gateway.proxy.listening": (),
    "gateway.proxy.restarting": (),
    "gateway.proxy.connection": ("gateway.errors", "gateway.wire.dialect"),  # the engine's other half
    "gateway.proxy.shutdown": ("gateway.errors",),
    "gateway.proxy.upstream": ("gateway.config", "gateway.errors", "gateway.proxy.http", "gateway.proxy.sockets"),  # the other one
    "gateway.proxy.scan_worker": ("detectors",),  # a process of its own
    "gateway.proxy.vault": ("gateway.guard.tokens", "gateway.guard.vault"),  # declares the store that it needs
    # Off the path: it knows records, and nothing of who wrote them. What is no text, wire says.
    "gateway.watch": (
        "gateway.telemetry.logs", "gateway.telemetry.observed", "gateway.telemetry.tailing", "gateway.wire.keylike", "gateway.wire.walk",
        "policies.labels",
    ),
    "gateway.watch.traced": ("detectors.series.spans", "gateway.telemetry.observed", "gateway.watch.row"),
    "gateway.watch.sentiment": ("detectors.text.function_words",),
    "gateway.watch.observe": ("detectors.series", "policies.subject"),  # what a record says to detectors
    # Drift: what the detectors of series make of observations, and what policies are told of it.
    "gateway.watch.drift.features": ("detectors.series.observation",),
    "gateway.watch.drift.episodes": ("detectors.series.drift",),
    "gateway.watch.drift.roster": ("detectors.series", "gateway.watch.drift.episodes", "gateway.watch.drift.features", "policies.signals"),
    "gateway.watch.bulletin": ("policies.signals",),
    "gateway.watch.drift.drifting": (
        "detectors.series.observation", "gateway.telemetry.tailing", "gateway.watch.drift.episodes", "gateway.watch.observe",
        "gateway.watch.drift.roster", "gateway.watch.row", "gateway.watch.upkeep",
    ),
    "gateway.watch.drift.windows": (
        "detectors.series.observation", "gateway.watch.observe", "gateway.watch.row", "gateway.watch.store",
    ),
    # Bias: what the detectors of series make of outcomes, and of what endpoints answer to other groups.
    "gateway.watch.probes.real_values": (
        "detectors.text.announced", "detectors.text.entities", "detectors.text.group_terms", "detectors.text.pii",
        "gateway.guard.kept",
    ),
    "gateway.watch.probes.invented": ("gateway.guard.kept", "gateway.watch.probes.real_values"),
    "gateway.watch.bias.disparities": ("detectors.series", "policies.signals"),
    "gateway.watch.bias.guard_treatment": (
        "detectors.series.guard_fairness", "gateway.watch.observe", "gateway.watch.row", "gateway.watch.store",
    ),
    "gateway.watch.bias.judging": ("gateway.watch.store",),
    "gateway.watch.bias.tables": (),
    "gateway.watch.bias.page": ("gateway.watch.bias.tables",),
    "gateway.watch.probes.plan": (
        "detectors.text.group_terms", "detectors.text.swaps", "gateway.guard.kept", "gateway.watch.probes.invented", "policies.globs",
        "policies.rehearsal",
    ),
    # What a policy makes of a probe, by the detectors of the path.
    "gateway.watch.probes.verdicts": ("detectors.contract", "detectors.readings", "gateway.watch.probes.plan", "policies"),
    "gateway.watch.probes.budget": (),
    "gateway.watch.probes.calls": ("detectors.text.refusal",),
    "gateway.watch.probes.pairs": (
        "detectors.series.probes", "detectors.text.group_terms", "gateway.watch.probes.calls", "gateway.watch.probes.plan",
        "gateway.watch.probes.verdicts",
    ),
    "gateway.watch.probes.results": ("detectors.series", "policies.signals"),
    "gateway.watch.probes.probing": ("gateway.watch", "policies.signals"),
    "gateway.bias": ("gateway.config", "gateway.probes", "gateway.proxy.keeping", "gateway.shown", "gateway.watch"),
    "gateway.probes": (
        "detectors.contract", "detectors.registry", "gateway.config", "gateway.prices", "gateway.proxy.keeping", "gateway.proxy.plans",
        "gateway.proxy.versions", "gateway.storage.opening", "gateway.storage.turn", "gateway.watch", "gateway.wire.model", "policies.load",
        "policies.policy",
    ),
    "gateway.shown_bias": ("gateway.shown_signals", "policies.signals"),
    "gateway.drift": (
        "detectors.series", "gateway.config", "gateway.proxy.keeping", "gateway.shown", "gateway.watch",
    ),
    "gateway.shown_signals": (
        "gateway.config", "gateway.proxy.keeping", "gateway.proxy.signals", "gateway.storage.board", "gateway.telemetry.instruments",
        "gateway.watch.status", "policies.signals",
    ),
    # Its consumers' declarations, and nothing else of theirs.
    "gateway.storage": (
        "gateway.proxy.keeping", "gateway.proxy.vault", "gateway.telemetry.tailing", "gateway.watch.row", "gateway.watch.sharing",
        "gateway.watch.store",
    ),
    "gateway.watcher": (
        "gateway.bias", "gateway.config", "gateway.drift", "gateway.handing", "gateway.keyfile", "gateway.oncall", "gateway.proxy.keeping",
        "gateway.proxy.signals", "gateway.shown",
        "gateway.shown_sources", "gateway.sourcing", "gateway.storage", "gateway.watch", "gateway.watch_side",
        "gateway.telemetry.observed",
    ),  # the watch's root
    "gateway.sourcing": ("gateway.config", "gateway.proxy.keeping", "gateway.telemetry.observed", "gateway.watch"),
    "gateway.shown_sources": ("gateway.config", "gateway.proxy.keeping", "gateway.watch"),
    "gateway.shown": ("gateway.config", "gateway.proxy.keeping", "gateway.storage", "gateway.telemetry.instruments", "gateway.watch"),
    # The journal: how its segments are called, and whether one is written to.
    # How a watch without a gateway shows itself.
    "gateway.watch_side": (
        "gateway.config", "gateway.proxy.admin", "gateway.shown", "gateway.shown_sources", "gateway.telemetry.instruments",
    ),
    "gateway.otlp.spool": ("gateway.telemetry.journal", "gateway.telemetry.observed", "gateway.telemetry.own_log"),
    "gateway.otlp": (
        "gateway.errors", "gateway.guard", "gateway.proxy", "gateway.telemetry.journal", "gateway.telemetry.observed",
        "gateway.telemetry.record", "gateway.wire", "policies",
    ),
    "gateway.receiver": (
        "gateway.config", "gateway.errors", "gateway.otlp", "gateway.proxy", "gateway.telemetry.instruments",
        "gateway.telemetry.observed", "gateway.wire.otlp",
    ),  # the root of what receives telemetry
    "gateway.storage.embedded": (),  # a server of our own
    "gateway.addresses": (),
    "gateway.readings": (
        "gateway.guard.memo", "gateway.proxy.offload", "gateway.proxy.vault", "gateway.storage.memory", "gateway.telemetry.instruments",
    ),
    "gateway.admin_side": (
        "gateway.config", "gateway.incident_pages", "gateway.keyfile", "gateway.proxy.admin", "gateway.shown", "gateway.shown_bias",
        "gateway.shown_incidents", "gateway.shown_signals", "gateway.shown_sources", "gateway.telemetry.condition",
        "gateway.telemetry.instruments", "gateway.telemetry.outage", "gateway.watch.status",
    ),  # the root of what is beside the workers
    "gateway.shown_incidents": ("gateway.config", "gateway.incidents", "gateway.storage.incident_log"),
    "gateway.incident_pages": (
        "gateway.config", "gateway.incidents", "gateway.keyfile", "gateway.shown", "gateway.shown_incidents", "gateway.storage.ask_box",
    ),
    # What each of several workers is asked, and what is made of their answers.
    "gateway.workers": (
        "gateway.config", "gateway.proxy.admin", "gateway.proxy.inforce", "gateway.proxy.restarting", "gateway.proxy.reviewqueue",
        "gateway.proxy.rollouts", "gateway.proxy.trials", "gateway.telemetry.instruments", "gateway.telemetry.merged",
        "gateway.wire.codec", "gateway.wire.model", "policies.labels",
    ),
    "gateway.supervisor": (
        "gateway.addresses", "gateway.admin_side", "gateway.config", "gateway.demo", "gateway.keyfile", "gateway.proxy.listening",
        "gateway.proxy.restarting", "gateway.proxy.watching", "gateway.storage.embedded", "gateway.telemetry.merged", "gateway.workers",
    ),  # the root of the process over several workers
    # Of what watchers find, anomalies; it knows nothing of who found them.
    "gateway.incidents": ("detectors.series.anomaly", "policies.globs"),
    # What may be done about them, in the words of policies and of the settings.
    "gateway.incidents.allowed": (
        "gateway.incidents.incident", "gateway.incidents.symptom", "policies.globs", "policies.measures", "policies.policy",
        "policies.positions", "policies.vocabulary",
    ),
    # As data: what people say of exchanges has the form of a journal's events.
    "gateway.incidents.cases": ("policies.labels", "policies.verdict"),
    # What people ask of the watch, on its way there.
    "gateway.storage.ask_box": ("gateway.incidents.asks", "gateway.proxy.keeping", "gateway.storage.redis_stream"),
    "gateway.incidents.actions": ("gateway.incidents", "policies.measures", "policies.tightening"),
    "gateway.leaving": ("gateway.config", "gateway.proxy.keeping", "gateway.proxy.measures", "gateway.storage.board"),
    "gateway.desk": ("gateway.incidents", "gateway.watch.upkeep", "policies.measures", "policies.signals"),
    "gateway.handing": ("gateway.detecting.figures", "gateway.incidents.symptom", "gateway.telemetry.condition"),
    # What the watch does for people on call.
    "gateway.oncall": (
        "detectors.registry", "gateway.acting", "gateway.alerts", "gateway.config", "gateway.desk", "gateway.detecting",
        "gateway.incidents",
        "gateway.keyfile", "gateway.leaving", "gateway.proxy.keeping", "gateway.proxy.measures", "gateway.shown_incidents",
        "gateway.storage", "gateway.telemetry.condition", "gateway.telemetry.observed", "gateway.watch", "policies.load",
        "policies.measures",
    ),
    # What the watch reads, to symptoms.
    "gateway.detecting": (
        "detectors.series", "gateway.incidents.burn", "gateway.incidents.symptom", "gateway.telemetry.observed", "gateway.watch.observe",
        "gateway.watch.row", "gateway.watch.traced",
        "gateway.incidents.incident", "gateway.incidents.rootcause", "gateway.incidents.stages", "gateway.watch.drift.episodes",
        "gateway.watch.drift.features", "policies.signals",
    ),
    # Ranks what they found.
    "gateway.incidents.rootcause": ("detectors.series.slices", "detectors.series.traces", "gateway.incidents.symptom"),
    "gateway.demo": (),  # stands for an endpoint, and knows as little of us as one
    "gateway.app": (
        "detectors", "gateway.addresses", "gateway.admin_side", "gateway.config", "gateway.demo", "gateway.guard", "gateway.keyfile",
        "gateway.incidents.allowed", "gateway.leaving",
        "gateway.prices", "gateway.proxy", "gateway.readings", "gateway.receiver", "gateway.shown_signals", "gateway.storage",
        "gateway.telemetry", "gateway.watch.otel.providers", "gateway.wire", "gateway.workers", "policies",
    ),
    # The memo: ``eval`` measures a chat as the gateway remembers it. The plan: what a rule asks of its detector.
    # Keeping: a file that is replaced whole. Offload: what is too long for a model. Versions: the policies that decided what is recorded.
    "gateway.cli": (
        "gateway.addresses", "gateway.alerts", "gateway.storage.redis_stream", "gateway.supervisor", "gateway.workers.born",
        "detectors", "gateway.app", "gateway.config", "gateway.guard.memo", "gateway.guard.plan", "gateway.proxy.keeping",
        "gateway.proxy.offload", "gateway.proxy.versions", "gateway.settings", "gateway.shown", "gateway.shown_signals",
        "gateway.telemetry.journal",
        "gateway.telemetry.logs", "gateway.telemetry.tailing", "gateway.watch", "gateway.watcher", "policies",
        "gateway.otlp.spool", "gateway.telemetry.observed", "gateway.telemetry.own_log",
        "gateway.incidents", "gateway.keyfile", "gateway.telemetry.auditing", "gateway.telemetry.chain", "gateway.telemetry.checkpoints",
        "gateway.telemetry.folder_audit",
        "gateway.telemetry.sealing", "gateway.telemetry.segment_audit", "gateway.telemetry.signing",
    ),
}  # fmt: skip

# What each pure part must do without: no I/O, no clock, no chance, no environment.
PURE = (
    "detectors", "policies", "gateway.wire", "gateway.guard", "gateway.telemetry.course", "gateway.telemetry.record", "gateway.errors",
    "gateway.telemetry.decided", "gateway.telemetry.names", "gateway.telemetry.likeness", "gateway.telemetry.texts",
    "gateway.telemetry.sealing", "gateway.telemetry.chain", "gateway.telemetry.signing", "gateway.telemetry.segment_audit",
    "gateway.telemetry.folder_audit", "gateway.telemetry.observed", "gateway.watch.sources.exposition", "gateway.watch.sources.intake",
    "gateway.watch.sources.series", "gateway.watch.sources.servers", "gateway.watch.otel.contents", "gateway.watch.otel.guardrails",
    "gateway.watch.otel.histograms", "gateway.watch.otel.measures", "gateway.watch.otel.models", "gateway.watch.observe",
    "gateway.watch.otel.providers", "gateway.watch.otel.shapes", "gateway.watch.otel.spans", "gateway.watch.otel.switches",
    "gateway.watch.otel.telling", "gateway.watch.traced", "gateway.watch.drift.features", "gateway.watch.drift.episodes",
    "gateway.watch.drift.roster", "gateway.watch.drift.windows", "gateway.watch.probes.invented", "gateway.watch.probes.real_values",
    "gateway.watch.bias.disparities", "gateway.watch.bias.guard_treatment", "gateway.watch.bias.page", "gateway.watch.bias.tables",
    "gateway.watch.probes.plan", "gateway.watch.probes.budget", "gateway.watch.probes.calls", "gateway.watch.probes.pairs",
    "gateway.watch.probes.results", "gateway.watch.probes.verdicts", "gateway.incidents.actions", "gateway.incidents.allowed",
    "gateway.incidents.asks", "gateway.incidents.burn", "gateway.incidents.cases", "gateway.incidents.deliver",
    "gateway.incidents.incident", "gateway.incidents.learning", "gateway.incidents.notice", "gateway.incidents.notify",
    "gateway.incidents.outbox", "gateway.incidents.paging", "gateway.incidents.pipeline", "gateway.incidents.resending",
    "gateway.incidents.rootcause", "gateway.incidents.routing", "gateway.incidents.moved", "gateway.incidents.stages",
    "gateway.incidents.symptom", "gateway.incidents.titles", "gateway.incidents.triage", "gateway.detecting",
)  # fmt: skip
IMPURE = frozenset({
    "aiohttp", "asyncio", "datetime", "http", "logging", "multiprocessing", "opentelemetry", "os", "random", "redis", "requests", "secrets",
    "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request", "uuid",
    "uvloop",
})  # fmt: skip
EXCEPTIONS = {
    ("gateway.wire.otlp.exports", "opentelemetry"): "the types of OTLP's messages, and nothing that sends any",
    ("detectors.training", None): "scripts that people run; nothing of the packages imports them but the command that runs them",
    ("detectors.text.prefilter", "threading"): "a scratch space for each thread, as the library asks for",
    ("detectors.text.prefilter", "tempfile"): "keeps what it compiled, once, in the folder that the settings name",
    ("gateway.incidents.notice", "datetime"): "the form of a timestamp; what time it is, is an argument",
    ("gateway.incidents.routing", "datetime"): "the hours of a place; what time it is, is an argument",
    ("gateway.watch.bias.tables", "datetime"): "the form of a timestamp; what time it is, is an argument",
    ("policies.load", None): "reads the policy's own file",
    ("policies.positions", "os"): "opens a file without waiting for who writes into a pipe",
    ("policies.bounds", "datetime"): "the type of a timestamp; what time it is, is an argument",
    ("policies.conditions", "datetime"): "the type of a timestamp; what time it is, is an argument",
    ("policies.rehearsal.exchange", "datetime"): "the type of a timestamp; what time it is, is an argument",
    ("policies.rehearsal.cases", "datetime"): "reads the time that a case gives",
    ("policies.rehearsal.trials", "datetime"): "reads the time that a case gives",
    ("policies.rehearsal.recorded", "datetime"): "reads the time that was recorded",
}
ENGINES = {
    "aiohttp": (
        "gateway.proxy.connection", "gateway.proxy.server", "gateway.proxy.sockets", "gateway.proxy.upstream", "gateway.proxy.admin",
        "gateway.proxy.admin_answers", "gateway.proxy.incident_api",
        "gateway.admin_side", "gateway.watch_side", "gateway.demo.server", "gateway.watch.sources.scraping",
        "gateway.watch.probes.client", "gateway.incidents.sending",
    ),
    "cryptography": ("gateway.guard.vault", "gateway.telemetry.sealing", "gateway.telemetry.signing"),
    "opentelemetry": (
        "gateway.watch.otel.collector", "gateway.watch.otel.encoding", "gateway.watch.otel.client", "gateway.watch.otel.meters",
        "gateway.wire.otlp.exports",
    ),
    "redis": ("gateway.storage.redis", "gateway.storage.redis_stream"),
    "pg8000": ("gateway.storage.postgres",),
    "clickhouse_connect": ("gateway.storage.clickhouse",),
    "sqlite3": ("gateway.storage.sqlite", "gateway.cli.policy.remembered"),
}  # fmt: skip


def _rule(module: str) -> str:
    fits = [name for name in EDGES if is_within(module, name)]
    assert fits, f"{module} is new: give it a row in EDGES"
    return max(fits, key=len)


@pytest.mark.parametrize("module", sorted(set(modules()) - {"gateway"}))
def test_edges(module: str):
    """Imports point only back down the list, also those within functions."""
    rule = _rule(module)
    for name, line in imports(modules()[module]):
        if name.partition(".")[0] in PACKAGES:
            allowed = any(is_within(name, each) for each in (rule, *EDGES[rule]))
            assert allowed, f"{modules()[module]}:{line}: {module} must not import {name}"


def test_no_cycles():
    """No package's row leads back to it: ``TopologicalSorter`` raises ``CycleError`` where one does."""

    def direct(name: str) -> set[str]:
        return {
            other
            for each in EDGES[name]
            for other in EDGES
            if (is_within(other, each) or is_within(each, other)) and other != name and not is_within(name, other)
        }

    TopologicalSorter({name: direct(name) for name in EDGES}).prepare()


def test_nothing_imports_the_root():
    """What knows every part is known by the commands alone."""
    for module, path in modules().items():
        for name, line in imports(path):
            assert not is_within(name, "gateway.app") or is_within(module, "gateway.cli"), f"{path}:{line}"
            assert not is_within(name, "gateway.cli") or is_within(module, "gateway.cli"), f"{path}:{line}"


@pytest.mark.parametrize("module", sorted(name for name in modules() if any(is_within(name, part) for part in PURE)))
def test_purity(module: str):
    """Pure parts import nothing by which they could do I/O, or ask for the time or for chance."""
    excused = {impure for (part, impure) in EXCEPTIONS if is_within(module, part)}
    if None in excused:
        return
    for name, line in imports(modules()[module]):
        impure = next((each for each in IMPURE if is_within(name, each)), None)
        assert impure is None or impure in excused, f"{modules()[module]}:{line}: {module} is pure and must not import {name}"


def test_exceptions_are_needed():
    """An exception that is no longer used is taken out."""
    for (part, impure), reason in EXCEPTIONS.items():
        assert reason
        below = [path for name, path in modules().items() if is_within(name, part)]
        assert below, f"there is no {part}"
        if impure:
            assert any(is_within(name, impure) for path in below for name, _ in imports(path)), f"{part} does not import {impure}"


@pytest.mark.parametrize(("library", "allowed"), ENGINES.items())
def test_engines_stay_behind_their_seam(library: str, allowed: tuple[str, ...]):
    """A library for I/O or ciphers can be replaced file by file: nobody else knows its name."""
    users = {module for module, path in modules().items() if any(is_within(name, library) for name, _ in imports(path))}
    assert users <= set(allowed)


_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def test_importing_does_nothing():
    """A module's top level has definitions and constants: no loops, no context managers, no calls that are not assigned to a name."""
    for module, path in modules().items():
        for node in ast.parse((ROOT / path).read_text()).body:
            is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_main = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
            assert is_doc or is_main or _chooses_imports(node) or isinstance(node, _DEFINITIONS), f"{path}:{node.lineno} ({module})"


def _chooses_imports(node: ast.stmt) -> bool:
    """By the version of Python: what one has of its own, others have from elsewhere."""
    if not isinstance(node, ast.If) or "sys.version_info" not in ast.unparse(node.test):
        return False
    return all(isinstance(each, ast.Import | ast.ImportFrom) for each in (*node.body, *node.orelse))


def test_every_module_says_what_it_is():
    """With a docstring, where it has anything in it."""
    silent = [
        str(path) for path in modules().values() if (tree := ast.parse((ROOT / path).read_text())).body and not ast.get_docstring(tree)
    ]
    assert silent == []
