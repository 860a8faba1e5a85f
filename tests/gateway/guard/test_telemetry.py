"""The guard of an export: each record by itself."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from gateway.guard.memo import Memo
from gateway.guard.outcome import MAX_HITS
from gateway.guard.plan import Plan
from gateway.guard.request import Memos
from gateway.guard.scans import Answer, Job
from gateway.guard.telemetry import TelemetryGuard
from gateway.guard.tokens import Tokens
from gateway.wire.otlp.units import read
from policies.decide import NotChecked
from policies.verdict import Action
from tests.support.guards import DIGITS, KEY, Names, plan, policy, rule

REDACT = rule("r", "redact", scope=["telemetry"])
BLOCK = rule("b", "block", scope=["telemetry"])


def logs(*bodies: str) -> ExportLogsServiceRequest:
    message = ExportLogsServiceRequest()
    scope = message.resource_logs.add().scope_logs.add()
    for body in bodies:
        scope.log_records.add().body.string_value = body
    return message


def bodies(message: ExportLogsServiceRequest) -> list[str]:
    return [record.body.string_value for record in message.resource_logs[0].scope_logs[0].log_records]


def unread(message: ExportLogsServiceRequest, by: Plan) -> TelemetryGuard:
    memos = Memos(Memo(KEY, 1 << 20), Memo(KEY, 1 << 20))
    return TelemetryGuard(by, message, read(message), memos, Tokens(KEY, ""), "", lambda plan, request: None)


def guarded(message: ExportLogsServiceRequest, by: Plan, answer: Answer | None = None) -> tuple[TelemetryGuard, int, list[Job]]:
    guard = unread(message, by)
    for step in (guard.begin(), guard.look()):
        for _ in step:
            pass
    jobs = guard.needs()
    answers: Mapping[Job, Answer] = {job: job_answer(job) if answer is None else answer for job in jobs}
    guard.settle(answers)
    for step in (guard.scan(), guard.judge()):
        for _ in step:
            pass
    return guard, guard.finish(), jobs


def job_answer(job: Job) -> Answer:
    return tuple(job.detector.scan(unit) for unit in job.units)


def test_nothing_to_do():
    """An export in which nothing is found is what it was."""
    message = logs("a", "b")
    guard, blocked, _ = guarded(message, plan(policy(REDACT), [DIGITS]))
    assert (message, blocked, guard.findings.action) == (logs("a", "b"), 0, Action.ALLOW)
    assert (guard.findings.rows.read, guard.findings.rows.edited, guard.findings.rows.blocked) == (2, 0, 0)


def test_edits():
    """A value is cut out of the record that it stands in, and the others are as they were."""
    message = logs("a", "is 12345678 it", "b")
    guard, blocked, _ = guarded(message, plan(policy(REDACT), [DIGITS]))
    assert (bodies(message), blocked) == (["a", "is [NUMBER] it", "b"], 0)
    assert guard.findings.rows.edited == 1
    assert [placed.place[-3:] for placed in guard.findings.placed] == [(1, "body", "string_value")]


def test_one_record_is_blocked():
    """It goes, and no other does."""
    message = logs("a", "12345678", "b")
    guard, blocked, _ = guarded(message, plan(policy(BLOCK), [DIGITS]))
    assert (bodies(message), blocked, guard.findings.rows.blocked) == (["a", "b"], 1, 1)
    assert guard.findings.action is Action.BLOCK


@given(st.lists(st.sampled_from(["a", "b c", "12345678", "x 87654321"]), max_size=8), st.booleans())
def test_whatever_an_export_holds(said, is_block):
    """Records without a finding are what they were and stand in their order; the others are edited, or gone, each counted once."""
    message = logs(*said)
    found = [any(char.isdigit() for char in body) for body in said]
    guard, blocked, _ = guarded(message, plan(policy(BLOCK if is_block else REDACT), [DIGITS]))
    plain = [body for body, is_found in zip(said, found, strict=True) if not is_found]
    edited = [re.sub("[0-9]+", "[NUMBER]", body) for body in said]
    assert message == logs(*(plain if is_block else edited))
    assert (blocked, guard.findings.rows.edited) == ((sum(found), 0) if is_block else (0, sum(found)))


def test_rules_of_exchanges_look_at_none_of_it():
    """A rule that does not name telemetry is not asked about it."""
    message = logs("12345678")
    guard, _, _ = guarded(message, plan(policy(rule("r", "block")), [DIGITS]))
    assert bodies(message) == ["12345678"]
    assert [covered.rules for covered in guard.findings.covered] == [()]


def test_slow_detectors():
    """Equal texts of several records are one job, whose answer all of them get."""
    message = logs("Anna came", "Anna came", "nobody")
    _, _, jobs = guarded(message, plan(policy(REDACT), [Names()]))
    assert [list(job.units) for job in jobs] == [["Anna came"]]
    assert bodies(message) == ["[PERSON] came", "[PERSON] came", "nobody"]


def test_what_could_not_be_checked():
    """Goes no further, and what could be does."""
    message = logs("Anna came", "nobody")
    _, blocked, _ = guarded(message, plan(policy(REDACT), [Names()]), NotChecked("pii", "overload"))
    assert (bodies(message), blocked) == (["nobody"], 1)


def test_what_there_was_no_time_for():
    """Goes no further, neither where nobody looked nor where nobody scanned; and what was never begun is not judged at all."""
    message, by = logs("12345678", "nobody", "nothing"), plan(policy(REDACT), [DIGITS])
    guard = unread(message, by)
    for _ in guard.begin():
        pass
    next(iter(guard.look()))
    guard.settle(dict.fromkeys(guard.needs(), ()))
    for _ in guard.judge():
        pass
    assert guard.finish() == 3
    begun = unread(logs("a", "b"), by)
    next(iter(begun.begin()))
    with pytest.raises(RuntimeError):
        list(begun.judge())


def test_many_findings_are_bounded():
    """However many records are blocked, the record of the export names a bounded number of findings, and counts all."""
    many = 2 * MAX_HITS
    message = logs(*[f"{number:08d}" for number in range(many)])
    guard, blocked, _ = guarded(message, plan(policy(BLOCK), [DIGITS]))
    assert blocked == many
    assert len(guard.findings.placed) == MAX_HITS
    assert sum(guard.findings.counts.values()) == many
    assert sum(covered.texts for covered in guard.findings.covered) == many
