"""The guard of an export of telemetry: each unit of it by a request's guard, so that one record that is blocked takes no other with it.

Sans-io, as ``request`` is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from gateway.guard.outcome import MAX_HITS, Findings, Rows
from gateway.guard.plan import Plan
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.wire.model import Place, Request
from gateway.wire.otlp.exports import SURFACE, Message
from gateway.wire.otlp.units import Export, Fields, drop
from policies.conditions import Circumstances
from policies.verdict import Action

About = Callable[[Plan, Request], Circumstances | None]
"""What a policy's conditions are asked about."""
_Name = tuple[tuple[str, bytes], float]


class TelemetryGuard:
    """Reviews one export. After ``finish`` the message is what may go on; ``findings`` are those of all its units."""

    def __init__(self, plan: Plan, message: Message, export: Export, memos: Memos, tokens: Tokens, app: str, about: About) -> None:
        self._plan, self._message, self._export = plan, message, export
        self._memos, self._tokens, self._app, self._about = memos, tokens, app, about
        self._guards: list[tuple[Place, bool, RequestGuard]] = []
        self._jobs: list[Sequence[Job]] = []
        self._blocked: list[Place] = []
        self._rows = Rows(read=export.records, policies={plan.version: None})
        self.findings = Findings(rows=self._rows)

    def begin(self) -> Iterator[None]:
        """To be gone through to its end, before anything else: what has no guard is judged by nobody."""
        body = Fields(self._message)
        for unit in self._export.units:
            request = Request(
                SURFACE, "", stream=False, body=body, raw=b"", segments=tuple(unit.segments), uninspectable=tuple(unit.uninspectable)
            )
            about = self._about(self._plan, request)
            guard = RequestGuard(self._plan, request, self._memos, self._tokens, self._app, about)
            self._guards.append((unit.place, unit.is_record, guard))
            yield

    def look(self) -> Iterator[None]:
        """Whoever stops before the end leaves the rest timed out."""
        for _, _, guard in self._guards:
            yield from guard.look()
            yield

    def needs(self) -> list[Job]:
        """Equal work of several units once."""
        self._jobs = [guard.needs() for _, _, guard in self._guards]
        return list({_name(job): job for jobs in self._jobs for job in jobs}.values())

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        named = {_name(job): answer for job, answer in answers.items()}
        for (_, _, guard), jobs in zip(self._guards, self._jobs, strict=True):
            guard.settle({job: named[_name(job)] for job in jobs})

    def scan(self) -> Iterator[None]:
        for _, _, guard in self._guards:
            yield from guard.scan()
            yield

    def judge(self) -> Iterator[None]:
        """Decide about each unit, and write the edits. Raises RuntimeError where a unit has no guard."""
        if len(self._guards) != len(self._export.units):
            raise RuntimeError("not all units were begun")
        for place, is_record, guard in self._guards:
            action = guard.verdict()
            if action is Action.BLOCK:
                self._blocked.append(place)
            self._rows.edited += is_record and action.is_rewrite
            self._absorb(place, guard.findings)
            yield

    def finish(self) -> int:
        """Take out what is blocked, once all is judged; how many records went."""
        self._rows.blocked = drop(self._message, self._blocked)
        return self._rows.blocked

    def _absorb(self, place: Place, part: Findings) -> None:
        """Beyond the bound of an exchange, what a unit has is only counted, also where it is blocked."""
        if self.findings.kept >= MAX_HITS:
            part.placed.clear()
        if len(self.findings.unread) >= MAX_HITS:
            part.unread.clear()
        self.findings.absorb(part, (), place[:1])


def _name(job: Job) -> _Name:
    return job.key, job.deadline_s
