"""Where all that is seen of others comes together: samples become points, and everything goes to who observes it.

Pure, but for what observers do. What an observer raises ends nothing, and is counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.telemetry.observed import LogSeen, Observer, Point, Sample, SpanSeen
from gateway.watch.sources.series import Series

_MOST, _MOST_EACH = 5000, 1000


@dataclass(slots=True)
class Intake:
    """Servers that the settings name and applications that send what they like have series of their own, so that neither takes the
    other's room.
    """

    observers: Sequence[Observer] = ()
    scraped: Series = field(default_factory=lambda: Series(_MOST, _MOST_EACH))
    received: Series = field(default_factory=lambda: Series(_MOST, _MOST_EACH))
    spans: int = 0
    logs: int = 0
    faults: int = 0

    def scrape(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self._tell_points(self.scraped.take(sample))

    def receive(self, seen: Sample | SpanSeen | LogSeen) -> None:
        match seen:
            case Sample():
                self._tell_points(self.received.take(seen))
            case SpanSeen():
                self.spans += 1
                self._tell(seen)
            case LogSeen():
                self.logs += 1
                self._tell(seen)

    def latest(self) -> Iterator[Point]:
        yield from self.scraped.latest()
        yield from self.received.latest()

    def figures(self) -> dict[str, float]:
        both = (self.scraped.tally, self.received.tally)
        return {
            "series": len(self.scraped) + len(self.received),
            "samples": sum(each.taken for each in both),
            "samples_unusable": sum(each.unusable + each.late for each in both),
            "series_refused": sum(each.refused for each in both),
            "series_evicted": sum(each.evicted for each in both),
            "received_spans": self.spans,
            "received_logs": self.logs,
            "source_faults": self.faults,
        }

    def _tell_points(self, points: Iterable[Point]) -> None:
        for point in points:
            self._tell(point)

    def _tell(self, seen: Point | SpanSeen | LogSeen) -> None:
        for observer in self.observers:
            try:
                observer.observe(seen)
            except Exception:  # noqa: BLE001 another one's fault, which is counted
                self.faults += 1
