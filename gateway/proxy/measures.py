"""Measures in force: read beside the path, as the watch leaves them, and asked by each exchange. Where there are none, that costs nothing.

Whatever the watch says, the path does only what its own settings allow, and for no longer; and each measure ends here by itself.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from gateway.errors import NotAllowed, TooMany
from gateway.guard.plan import Plan, tightened
from gateway.proxy.bucket import Bucket
from gateway.proxy.keeping import signed, unsigned
from gateway.wire.model import Json
from policies.labels import MEASURE
from policies.measures import (
    MAX_SHEET_BYTES,
    Concurrency,
    ForceRedaction,
    Measure,
    Quarantine,
    RateLimit,
    Sheet,
    SheetError,
    SwitchModel,
    SwitchUpstream,
    Tighten,
    parse,
    render,
    said,
)

NAME = "measures.json"
MAX_BYTES = MAX_SHEET_BYTES + 128
_PURPOSE = b"measures"
_SKEW_S = 60.0
"""How far the watch's clock may be ahead."""
_MAX_PLANS = 256
_MAX_NEWS = 1000

log = logging.getLogger("oddgate")
Note = Callable[[str, str], None]
"""Told of a measure that an exchange is under: its id and kind."""
Change = Literal["applied", "refused", "expired", "reverted"]
S = TypeVar("S", SwitchUpstream, SwitchModel)


def seal_measures(measures: Iterable[Measure], now: float, key: bytes) -> bytes:
    """As the watch leaves them: who can write the file, and has no key, brings nothing into force. Raises ValueError where
    there are too many.
    """
    return signed(render(Sheet(now, tuple(measures))), key, _PURPOSE)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is in force at one time, by what is asked of it."""

    all: tuple[Measure, ...] = ()
    until: float = math.inf
    """When the next one ends, by the wall."""
    over: float = math.inf
    """When the next one ends, by the clock."""
    ends: Mapping[tuple[str, float], float] = field(default_factory=dict)
    """By the clock, of each that the last sheet had: its id, and since when it is."""
    refused: Mapping[str, Measure] = field(default_factory=dict)
    """By ``app:`` and an application, and by ``key:`` and a key's id."""
    limited: Mapping[str, tuple[Measure, ...]] = field(default_factory=dict)
    upstreams: tuple[tuple[SwitchUpstream, Measure], ...] = ()
    models: tuple[tuple[SwitchModel, Measure], ...] = ()
    busy: Mapping[str, tuple[int, Measure]] = field(default_factory=dict)
    stricter: tuple[tuple[str | None, Measure], ...] = ()
    """With the application that each is about."""
    plans: dict[tuple[str, tuple[str, ...]], tuple[Plan, Plan]] = field(default_factory=dict)


class MeasuresInForce:
    """``read`` gives what the watch has left, sealed, or None; it may raise OSError. ``allows`` says how long a measure may last, or None:
    not at all. ``wall`` gives seconds since 1970, ``clock`` never goes back; ``workers`` share what is limited.

    What cannot be read changes nothing: what was read last goes on until it ends.
    """

    def __init__(
        self,
        read: Callable[[], bytes | None],
        key: bytes,
        allows: Callable[[Measure], float | None],
        wall: Callable[[], float],
        clock: Callable[[], float],
        workers: int = 1,
    ) -> None:
        self._read, self._key, self._allows = read, key, allows
        self._wall, self._clock, self._workers = wall, clock, workers
        self._content: bytes | None = None
        self._ts = 0.0
        self._left_out = 0
        self._refused: frozenset[tuple[str, float]] = frozenset()
        self.news: deque[Json] = deque(maxlen=_MAX_NEWS)
        """What has become of measures, as events of the journal; who writes them down takes them out."""
        self._now = _Standing()
        self._buckets: dict[str, Bucket] = {}
        self.errors = 0

    def refresh(self) -> None:
        """Looks for what is new; it may take as long as a file does."""
        before = self._now.all
        try:
            content = self._read()
            if content is not None and content != self._content:
                self._take_up(_opened(content, self._key), content)
        except (OSError, SheetError) as error:
            self.errors += 1
            if self.errors == 1:
                why = (error.strerror or type(error).__name__) if isinstance(error, OSError) else error
                log.warning("measures cannot be read (%s): those that were read last go on until they end", why)
        self._now = self._standing()
        self._say_changed({each.id: each for each in before}, {each.id: each for each in self._now.all})

    @property
    def is_any(self) -> bool:
        """Whether there is anything to be asked about."""
        return bool(self._now.all)

    @property
    def in_force(self) -> tuple[Measure, ...]:
        return self._standing().all

    def admit(self, names: Iterable[str], note: Note, *, is_new: bool = True) -> None:
        """``names``: of whoever comes, each once. ``is_new``: it counts as one more. Raises NotAllowed (``quarantined``) and TooMany
        (``rate_limited``).
        """
        standing = self._standing()
        for name in names:
            if refused := standing.refused.get(name):
                note(refused.id, refused.do.kind)
                raise NotAllowed("quarantined", "No requests of this application or key are served at the moment: an incident is open.")
        for name in names if is_new else ():
            for measure in standing.limited.get(name, ()):
                wait_s = self._bucket(measure).take(self._clock())
                if wait_s:
                    note(measure.id, measure.do.kind)
                    raise _too_many(wait_s)

    def model_for(self, app: str, model: str) -> tuple[str, Measure] | None:
        """Which model a request is taken to be for, if not the one that it names."""
        return _switch(self._standing().models, app, model) if self._now.all else None

    def upstream_for(self, app: str, upstream: str) -> tuple[str, Measure] | None:
        """Which upstream is called in the place of one."""
        return _switch(self._standing().upstreams, app, upstream) if self._now.all else None

    def limit_of(self, upstream: str) -> tuple[int, Measure] | None:
        """How many calls may be under way there, of this worker's."""
        return self._standing().busy.get(upstream) if self._now.all else None

    def under(self, plan: Plan, app: str) -> Plan:
        """The plan as measures make it stricter."""
        if not self._now.all:
            return plan
        standing = self._standing()
        measures = [each for whose, each in standing.stricter if whose is None or whose == app]
        if not measures:
            return plan
        name = (plan.version, tuple([each.id for each in measures]))
        known = standing.plans.get(name)
        if known is None or known[0] is not plan:
            if len(standing.plans) >= _MAX_PLANS:
                standing.plans.clear()
            known = standing.plans[name] = (plan, tightened(plan, measures))
        return known[1]

    def _take_up(self, sheet: Sheet, content: bytes) -> None:
        now, at = self._wall(), self._clock()
        newest = self._ts if self._ts <= now + _SKEW_S else 0.0  # else the wall has been set back since
        if not newest <= sheet.ts <= now + _SKEW_S:
            raise SheetError("it is older than what was read before, or of a time to come")
        self._content, self._ts = content, sheet.ts
        permitted = [kept for each in sheet.measures if (kept := self._permitted(each, now))]
        refused = [each for each in sheet.measures if self._allows(each) is None]
        self._say_left_out(sheet.left_out + len(refused))
        self._say_refused(refused)
        ends = {_run(each): self._now.ends.get(_run(each), at + each.expires - now) for each in permitted}
        standing = _sorted([each for each in permitted if ends[_run(each)] > at], ends, self._workers)
        if standing.all != self._now.all:
            self._now = standing

    def _say_changed(self, before: Mapping[str, Measure], after: Mapping[str, Measure]) -> None:
        for each in after.values():
            if each.id not in before:
                log.warning("measure in force: %s (%s), for %.0f s at most", each.id, each.do.kind, each.expires - self._wall())
                self._note("applied", each)
        for each in before.values():
            if each.id not in after:
                log.warning("measure over: %s (%s)", each.id, each.do.kind)
                self._note("expired" if each.expires <= self._wall() else "reverted", each)

    def _say_refused(self, measures: Sequence[Measure]) -> None:
        """Each once, however often it is left."""
        known, self._refused = self._refused, frozenset(map(_run, measures))
        for each in measures:
            if _run(each) not in known:
                self._note("refused", each)

    def _note(self, change: Change, each: Measure) -> None:
        self.news.append({
            "v": 1, "kind": MEASURE, "ts": round(self._wall(), 6), "change": change, "measure": each.id, "action": each.action,
            "do": said(each.do), "since": each.since, "expires": each.expires,
        })  # fmt: skip

    def _say_left_out(self, number: int) -> None:
        if number > self._left_out:
            log.warning("%d measures are not understood, or not allowed here, and left out", number)
        self._left_out = number

    def _permitted(self, measure: Measure, now: float) -> Measure | None:
        ttl_s = self._allows(measure)
        if ttl_s is None or measure.since > now + _SKEW_S:
            return None
        expires = min(measure.expires, measure.since + ttl_s)
        return replace(measure, expires=expires) if expires > now else None

    def _standing(self) -> _Standing:
        """Without what has ended since it was looked at last: by the wall, or by the clock, where the wall was set back meanwhile."""
        standing, now, at = self._now, self._wall(), self._clock()
        if now < standing.until and at < standing.over:
            return standing
        left = [each for each in standing.all if each.expires > now and standing.ends[_run(each)] > at]
        return replace(_sorted(left, standing.ends, self._workers), plans=standing.plans)

    def _bucket(self, measure: Measure) -> Bucket:
        deed = measure.do.deed
        assert isinstance(deed, RateLimit)  # noqa: S101 _sorted saw to it
        name = f"{measure.id} {deed.per_minute}"
        if name not in self._buckets:
            now = self._now.limited.values()
            known = {f"{each.id} {each.do.deed.per_minute}" for of in now for each in of if isinstance(each.do.deed, RateLimit)}
            self._buckets = {each: bucket for each, bucket in self._buckets.items() if each in known}
            self._buckets[name] = Bucket(deed.per_minute / self._workers, self._clock())
        return self._buckets[name]


def _run(measure: Measure) -> tuple[str, float]:
    return measure.id, measure.since


def _sorted(measures: Iterable[Measure], ends: Mapping[tuple[str, float], float], workers: int) -> _Standing:
    everything = tuple(sorted(measures, key=lambda each: (each.since, each.id)))
    refused: dict[str, Measure] = {}
    limited: dict[str, tuple[Measure, ...]] = {}
    upstreams, models, stricter = [], [], []
    busy: dict[str, tuple[int, Measure]] = {}
    for each in everything:
        match each.do.deed:
            case Quarantine() as deed:
                refused.setdefault(_whose(deed), each)
            case RateLimit() as deed:
                limited[_whose(deed)] = (*limited.get(_whose(deed), ()), each)
            case SwitchUpstream() as deed:
                upstreams.append((deed, each))
            case SwitchModel() as deed:
                models.append((deed, each))
            case Concurrency(upstream=name, limit=limit):
                busy[name] = min((max(1, limit // workers), each), busy.get(name, (limit, each)), key=lambda one: one[0])
            case Tighten() | ForceRedaction() as deed:
                stricter.append((deed.app, each))
    until = min((each.expires for each in everything), default=math.inf)
    over = min((ends[_run(each)] for each in everything), default=math.inf)
    return _Standing(everything, until, over, ends, refused, limited, tuple(upstreams), tuple(models), busy, tuple(stricter))


def _whose(deed: Quarantine | RateLimit) -> str:
    return f"app:{deed.app}" if deed.app is not None else f"key:{deed.key}"


def _switch(switches: Iterable[tuple[S, Measure]], app: str, name: str) -> tuple[str, Measure] | None:
    """What is said of the application goes before what is said of all; else what began first."""
    fitting = [(deed, measure) for deed, measure in switches if deed.source == name and deed.app in (None, app)]
    if not fitting:
        return None
    deed, measure = min(fitting, key=lambda each: each[0].app is None)
    return deed.to, measure


def _too_many(wait_s: float) -> TooMany:
    error = TooMany("rate_limited", "More requests than are served at the moment: an incident is open. Try again later.")
    error.headers = (("Retry-After", str(math.ceil(wait_s))),)
    return error


def _opened(content: bytes, key: bytes) -> Sheet:
    """Raises ``SheetError``."""
    body = unsigned(content, key, _PURPOSE)
    if body is None:
        raise SheetError("not signed with this gateway's key")
    return parse(body)


def no_measures() -> MeasuresInForce:
    return MeasuresInForce(lambda: None, b"", lambda _: None, lambda: 0.0, lambda: 0.0)
