"""One step of an upload after the other: what it needs, is settled with, and lets go."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.guard.outcome import Findings, Rows
from gateway.guard.plan import Plan
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.guard.vault import MAX_ENTRIES
from gateway.wire.model import Place, Request
from gateway.wire.upload import MAX_ROWS
from policies.conditions import Circumstances
from policies.verdict import Action


class BlockedError(Exception):
    """A rule has blocked: nothing more of the upload may go, and the endpoint must not take what has gone for a file."""

    def __init__(self, plan: Plan, rules: tuple[str, ...], reasons: tuple[str, ...]) -> None:
        super().__init__("blocked")
        self.plan = plan
        self.rules = rules
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class World:
    """What an upload is judged with. ``plan`` is for what is no row, ``plan_of`` says each row's; ``tokens`` are the exchange's."""

    plan: Plan
    plan_of: Callable[[Request], Plan]
    memos: Memos
    tokens: Tokens
    new_tokens: Callable[[], Tokens]
    app: str
    read_row: Callable[[bytes, int], Request]
    max_rows: int = MAX_ROWS
    about: Callable[[Plan, Request], Circumstances | None] = lambda plan, request: None
    """What the policy's conditions and bounds are asked about."""


@dataclass(slots=True)
class Ledger:
    """What all parts of an upload write in: what was found, and who issues placeholders.

    What the exchange's own ``Tokens`` issues can be restored; it stays as small as what can be kept. Beyond that others take turns, which
    are forgotten, and issue nothing that it has issued.
    """

    world: World
    findings: Findings = field(default_factory=Findings)
    tokens: Tokens = field(init=False)
    _issued: int = 0

    def __post_init__(self) -> None:
        self.tokens = self.world.tokens

    def absorb(self, part: Findings, place: Place, covered_at: Place) -> None:
        """What was found in one part, whose own places begin at ``place``."""
        self.findings.absorb(part, place, covered_at)
        self._issued += sum(number for (_, _, action, _, _), number in part.counts.items() if action == Action.TOKENIZE.value)
        if self._issued >= MAX_ENTRIES:
            self._issued = 0
            self.tokens = self.world.new_tokens()
            self.tokens.avoid(map(hash, self.world.tokens.restorable()))


class Step:
    """Bytes that may go as they are, unless a subclass says more."""

    patience_s = 0.0

    def __init__(self, raw: bytes = b"") -> None:
        self._raw = raw

    @property
    def request(self) -> Request | None:
        """What is judged, if anything is."""
        return None

    def read(self, request: Request) -> None:
        """Takes the request again, now that more of it could be read. Before ``look``."""

    def look(self) -> Iterator[None]:
        """Looks what jobs there are, a piece at a time."""
        yield from ()

    def needs(self) -> list[Job]:
        """Jobs to run, until there are none."""
        return []

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        """Takes the answers to all the jobs."""

    def scan(self) -> Iterator[None]:
        """Runs what runs here, a piece at a time."""
        yield from ()

    def finish(self) -> bytes:
        """What may go. Raises BlockedError."""
        return self._raw


class Judged(Step):
    """A part that is judged as a request of its own. ``end`` stands behind its bytes; ``row`` is its number, if it is one."""

    def __init__(self, ledger: Ledger, plan: Plan, request: Request, place: Place, end: bytes = b"", row: int = 0) -> None:
        super().__init__()
        self._ledger = ledger
        self._plan = plan
        self._place = place
        self._end = end
        self._row = row
        self._asked = False
        self.patience_s = plan.patience_s
        self.read(request)

    @property
    def request(self) -> Request:
        return self._request

    def read(self, request: Request) -> None:
        self._request = request
        world = self._ledger.world
        about = world.about(self._plan, request)
        self._guard = RequestGuard(self._plan, request, world.memos, self._ledger.tokens, world.app, about)

    def look(self) -> Iterator[None]:
        yield from self._guard.look()

    def needs(self) -> list[Job]:
        if self._asked:
            return []
        self._asked = True
        return self._guard.needs()

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        self._guard.settle(answers)

    def scan(self) -> Iterator[None]:
        yield from self._guard.scan()

    def finish(self) -> bytes:
        action = self._guard.verdict()
        found = self._guard.findings
        self._ledger.absorb(found, self._place, self._place[:-1] if self._row else self._place)
        body = b"" if action is Action.BLOCK else self._guard.body()
        if self._row:
            self._count(action, is_edited=body is not self._request.raw)
        if action is Action.BLOCK:
            said = f"row {self._row}: " if self._row else ""
            raise BlockedError(self._plan, found.rules(blocking_only=True), tuple(said + reason for reason in found.reasons()))
        return body + self._end

    def _count(self, action: Action, *, is_edited: bool) -> None:
        findings = self._ledger.findings
        rows = findings.rows = findings.rows or Rows()
        rows.read += 1
        rows.policies[self._plan.version] = None
        if action is Action.BLOCK:
            rows.blocked += 1
        elif is_edited:
            rows.edited += 1
