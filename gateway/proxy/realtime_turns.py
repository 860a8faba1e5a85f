"""The records of a realtime session: one for each of its turns, which is what the client sent since the last one and a response."""

from collections.abc import Iterable, Sequence

from gateway.errors import Unavailable
from gateway.guard.outcome import Findings
from gateway.guard.plan import Plan
from gateway.guard.response import ResponseGuard
from gateway.guard.review import Hit
from gateway.proxy.about import about
from gateway.proxy.apps import Caller, names_of
from gateway.proxy.http import Headers
from gateway.proxy.parts import Parts
from gateway.telemetry.record import Exchange
from gateway.wire.model import Event, Request
from gateway.wire.openai.realtime_requests import SURFACE
from gateway.wire.tracing import new_span_id
from policies.conditions import Circumstances

_MAX_TEXTS = 1000
"""Of what no response follows, there is a record for as many texts."""


class Turns:
    """``first`` is the exchange that the handshake began; the turns after it are exchanges with ids of their own. ``headers``: those of the
    handshake.
    """

    def __init__(self, parts: Parts, first: Exchange, caller: Caller, headers: Headers = ()) -> None:
        self._parts = parts
        self._caller = caller
        self._headers = headers
        self._turn = first
        self._session = first.request_id
        self._trace = first.trace
        self._plan: Plan | None = None
        self._parts_of_turn = 0
        self._is_begun = True
        self._is_admitted = self._has_asked = False
        self._has_recorded = False
        self.has_sound = False
        """Whether the client's sound in this turn is noted already."""

    @property
    def turn(self) -> Exchange:
        return self._turn

    @property
    def plan(self) -> Plan:
        """The policy that is in force as a turn begins is the whole turn's."""
        turn = self._turn
        if self._plan is None:
            self._plan = self._parts.choose_plan(self._caller.subject(turn.model, SURFACE), self._caller.policy, self._session)
            turn.planned(self._plan)
            if not self._is_begun:
                turn.started_at, turn.start = self._parts.wall(), self._parts.clock()
                self._is_begun = True
        return self._plan

    def admit(self) -> None:
        """At each event of the client's; what is limited counts once a turn, as it begins. Raises NotAllowed and TooMany."""
        measures, is_new = self._parts.measures, not self._is_admitted
        if measures.is_any:
            self._parts_of_turn += 1  # what is refused has a record as well
            measures.admit(names_of(self._caller, self._headers), self._turn.note_measure, is_new=is_new)
            self._parts_of_turn -= 1
        self._is_admitted = True

    def note_ask(self) -> None:
        """The client asks for a response: of several in a turn, each counts as a turn does. Raises as ``admit`` does."""
        if self._has_asked:
            self._is_admitted = False
            self.admit()
        self._has_asked = True

    def about(self, request: Request | None) -> Circumstances | None:
        """What the policy's conditions and bounds are asked about; None: an event of the endpoint's."""
        parts, plan = self._parts, self.plan
        circumstances = about(plan, self._caller.subject(self._turn.model, SURFACE), request, parts.signals, parts.wall())
        if circumstances and plan.asks_about_signals:
            self._turn.signals = circumstances.signals
        return circumstances

    def note_asked(self, findings: Findings, size: int) -> None:
        """An event of the client's that goes on. Raises Unavailable."""
        self._turn.request_bytes += size
        self._parts_of_turn += 1
        head = ("events", self._parts_of_turn - 1)
        self._turn.request.absorb(findings, head, head)
        self._cut_long_turn()

    def note_told(self, guard: ResponseGuard, known: Iterable[Findings]) -> None:
        """An event of the endpoint's that is of no response; it may say again what has been said. ``known``: what is found in the
        responses under way. Raises Unavailable.
        """
        covered, turn = guard.covered(), self._turn
        if covered or guard.findings.unread:
            head = ("events", self._parts_of_turn)
            self._parts_of_turn += 1
            turn.response.absorb(_news(guard.findings, (turn.request, turn.response, *known)), head, head)
            turn.response_covered += covered
            self._cut_long_turn()

    def note_event(self, event: Event) -> None:
        self._turn.response_bytes += len(event.raw)

    def end_turn(self, guard: ResponseGuard, event: Event, outcome: str) -> Exchange:
        """A response is over, and its end goes to the client after this. Raises Unavailable."""
        turn = self._turn
        _absorb(turn, guard)
        turn.released_chars += guard.released_chars
        turn.note_event(event)
        turn.outcome = outcome
        self._record_turn()
        return turn

    def block(self, outcome: str, asked: Findings | None, told: ResponseGuard | None, size: int) -> Exchange:
        """An event that does not go on, which is an exchange of its own. Raises Unavailable."""
        blocked = self._new()
        blocked.planned(self.plan)
        blocked.started_at, blocked.start, blocked.outcome = self._parts.wall(), self._parts.clock(), outcome
        if asked is not None:
            blocked.request, blocked.request_bytes = asked, size
        if told is not None:
            _absorb(blocked, told)
            blocked.response_bytes = size
        self._record(blocked)
        return blocked

    def end(self, open_answers: list[ResponseGuard], outcome: str) -> None:
        """The session is over: what has no record yet gets one; so has a session in which nothing was said. Raises Unavailable."""
        turn = self._turn
        for guard in open_answers:
            _absorb(turn, guard)
            turn.released_chars += guard.released_chars
        if open_answers or self._parts_of_turn or not self._has_recorded:
            turn.outcome = outcome
            self._record_turn()

    def _cut_long_turn(self) -> None:
        if len(self._turn.request.covered) + len(self._turn.response_covered) > _MAX_TEXTS:
            self._record_turn()

    def _record_turn(self) -> None:
        turn = self._turn
        _ = self.plan  # a turn without a text has a policy all the same
        self._turn, self._plan, self._parts_of_turn = self._new(), None, 0
        self._is_begun = self._is_admitted = self._has_asked = self.has_sound = False
        self._has_recorded = True
        self._record(turn)

    def _record(self, exchange: Exchange) -> None:
        """Whatever time no guard took is the endpoint's, or the client's: nobody waits for either."""
        exchange.end = self._parts.clock()
        exchange.waits_since = None
        exchange.upstream_s = max(0.0, exchange.end - exchange.start - exchange.guard_s)
        exchange.is_recorded = True  # also if it fails: that is said once, and counted once
        try:
            self._parts.record(exchange)
        except OSError:
            raise Unavailable("journal_unavailable", "The gateway cannot write its record of this exchange.") from None

    def _new(self) -> Exchange:
        last, trace = self._turn, self._trace.child(new_span_id(self._parts.chance))
        return Exchange(
            self._parts.new_id(), self._parts.wall(), self._parts.clock(), trace, last.method, last.route, app=last.app, surface=SURFACE,
            model=last.model, is_stream=True, upstream=last.upstream, status=last.status, user=last.user, session=last.session,
            group=last.group,
        )  # fmt: skip


def _absorb(exchange: Exchange, guard: ResponseGuard) -> None:
    exchange.response_covered += guard.covered()
    exchange.response.absorb(guard.findings, (), ())


def _news(found: Findings, known: Iterable[Findings]) -> Findings:
    """What is found for the first time."""
    news = Findings(unread=found.unread, texts=found.texts)
    news.raise_to(found.action)
    for placed in found.placed:
        hits: Sequence[Hit] = placed.hits
        for before in known:
            hits = before.news(hits)
        news.add(placed.place, placed.scope, hits)
    return news
