"""What becomes of what is seen, and who is told."""

from gateway.telemetry.observed import Kind, LogSeen, Point, Sample, SpanSeen
from gateway.watch.sources.intake import Intake
from gateway.watch.sources.series import Series

NOW = 1_795_000_000.0
SPAN = SpanSeen(NOW, "otlp/shop", "GET /", 2, 0.5, False, "t", "s", "")
LOG = LogSeen(NOW, "otlp/shop", 9, "it is done", "")


def sample(name: str, value: float = 1.0, source: str = "vllm") -> Sample:
    return Sample(NOW, source, name, (), Kind.GAUGE, value)


class Observed(list):
    """What an observer was told."""

    def observe(self, seen: Point | SpanSeen | LogSeen) -> None:
        self.append(seen)


class Broken:
    def observe(self, seen: object) -> None:
        raise KeyError(str(seen))


def test_everybody_is_told():
    """Points, spans and lines of logs go to every observer, in their order; another one's fault ends nothing, and is counted."""
    observed = Observed()
    intake = Intake((Broken(), observed))
    intake.scrape([sample("a")])
    for seen in (sample("b", source="otlp"), SPAN, LOG):
        intake.receive(seen)
    points = [Point(NOW, "vllm", "a", (), "value", 1.0), Point(NOW, "otlp", "b", (), "value", 1.0)]
    assert observed == [*points, SPAN, LOG]
    assert list(intake.latest()) == points
    figures = intake.figures()
    assert (figures["source_faults"], figures["received_spans"], figures["received_logs"], figures["series"]) == (4, 1, 1, 2)


def test_room_of_their_own():
    """However many series applications send, those of servers that the settings name have their room."""
    intake = Intake(scraped=Series(2, 2), received=Series(2, 2))
    for number in range(9):
        intake.receive(sample(f"n{number}", source="otlp"))
    intake.scrape([sample("a"), sample("b")])
    assert {point.name for point in intake.latest()} == {"n0", "n1", "a", "b"}
    figures = intake.figures()
    assert (figures["samples"], figures["series_refused"], figures["samples_unusable"], figures["series_evicted"]) == (4, 7, 0, 0)
