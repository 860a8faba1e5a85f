"""What is wrong with a journal: its segments, held against what they say of each other, and against a checkpoint from elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gateway.telemetry.chain import End
from gateway.telemetry.segment_audit import Fault, SegmentAudit


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that wrote to the journal. ``state``: ``ended`` in order, ``running``, or ``broken off`` (killed, or its end cut off)."""

    name: str
    state: str
    segment: str
    line: int
    is_torn: bool


@dataclass(frozen=True, slots=True)
class Audited:
    faults: list[Fault]
    more_faults: int
    segments: int
    records: int
    checkpoints: int
    writers: list[Writer]
    pruned_through: str
    began_with_nothing: list[str]
    """Writers that found no newest checkpoint, and nothing that could have had one."""


@dataclass(slots=True)
class FolderAudit:
    """``add`` takes segments whose lines were read. ``running``: those that a process writes to; ``gone``: those that went meanwhile."""

    running: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    staying: set[str] = field(default_factory=set)
    """Those that were there when all was read."""
    known: list[tuple[End, str]] = field(default_factory=list)
    """How far chains were, and what says so."""
    alone: list[Fault] = field(default_factory=list)
    """Of none of the segments."""
    _segments: dict[str, SegmentAudit] = field(default_factory=dict)

    def add(self, segment: SegmentAudit) -> None:
        self._segments[segment.name] = segment

    def report(self, checkpoint: Iterable[End] = ()) -> Audited:
        """``checkpoint``: how far chains were, as one from elsewhere says."""
        segments = list(self._segments.values())
        faults = [*self.alone, *(fault for segment in segments for fault in segment.faults)]
        faults += self._between(checkpoint)
        faults += self._begun()
        faults += self._returned()
        return Audited(
            faults=sorted(faults, key=lambda fault: (fault.segment, fault.line)),
            more_faults=sum(segment.more_faults for segment in segments),
            segments=len(segments),
            records=sum(segment.records for segment in segments),
            checkpoints=sum(segment.checkpoints for segment in segments),
            writers=list(self._writers()),
            pruned_through=max([pruned.through for segment in segments for pruned in segment.pruned], default=""),
            began_with_nothing=[segment.writer for segment in segments if segment.found == "nothing"],
        )

    def _between(self, checkpoint: Iterable[End]) -> Iterator[Fault]:
        """Where a segment is missing, or ends before something else says that it did; the farthest word on each counts."""
        said: dict[str, tuple[End, str]] = {}
        for end, by in (*self._said(), *self.known, *((end, "the checkpoint") for end in checkpoint)):
            if end.segment not in said or said[end.segment][0].link.n <= end.link.n:
                said[end.segment] = (end, by)
        named = {segment.next: segment.name for segment in self._segments.values() if segment.next}
        for name, by in {**named, **{name: by for name, (_, by) in said.items()}}.items():
            if name not in self._segments and not self._may_be_missing(name):
                yield Fault("removed", name, 0, "", f"the segment is missing; {by} names it")
        for end, by in said.values():
            if (segment := self._segments.get(end.segment)) and segment.is_ours and segment.is_in_place:
                yield from _reached(segment, end, by)
        yield from self._continued()

    def _said(self) -> Iterator[tuple[End, str]]:
        for segment in self._segments.values():
            if segment.previous:
                yield segment.previous, segment.name
            for end in segment.witnessed.values():
                yield end, segment.name

    def _may_be_missing(self, name: str) -> bool:
        return name in self.gone or any(pruned.covers(name) for segment in self._segments.values() for pruned in segment.pruned)

    def _continued(self) -> Iterator[Fault]:
        """What goes on in another segment does not go on in its own."""
        for segment in self._segments.values():
            before = self._segments.get(segment.previous.segment) if segment.previous else None
            if before and before.is_in_place and segment.previous and before.reach > segment.previous.link.n:
                yield Fault("inserted", before.name, before.lines, "", f"{segment.name} says that it ended before")

    def _begun(self) -> Iterator[Fault]:
        """What a writer found that was not in order already: the newest checkpoint is another one by now."""
        for segment in self._segments.values():
            if segment.found == "missing":
                why = "when this process began, the newest checkpoint was missing beside the segments: their ends may have been cut off"
                yield Fault("removed", segment.name, 1, "", why)
            elif segment.found == "bad":
                yield Fault("signature", segment.name, 1, "", "when this process began, the newest checkpoint was none of this gateway's")

    def _returned(self) -> Iterator[Fault]:
        named = {name: segment.name for segment in self._segments.values() for pruned in segment.pruned for name in pruned.names}
        for name in sorted(named.keys() & self._segments.keys() & self.staying):
            yield Fault("returned", name, 0, "", f"{named[name]} says that the journal removed it: it was put back, or has stayed")

    def _writers(self) -> Iterator[Writer]:
        last: dict[str, SegmentAudit] = {
            segment.writer: segment for segment in self._segments.values() if segment.is_ours and segment.writer
        }
        for name, segment in last.items():
            state = "running" if segment.name in self.running else "ended" if segment.has_ended else "broken off"
            yield Writer(name, state, segment.name, segment.lines, segment.is_torn and state != "running")


def _reached(segment: SegmentAudit, end: End, by: str) -> Iterator[Fault]:
    if segment.reach < end.link.n:
        why = f"it ends with line {segment.reach} of its chain, where {by} says that there was line {end.link.n}"
        yield Fault("removed", segment.name, segment.lines, "", why)
    elif (mac := segment.mac_at(end.link.n)) is not None and mac != end.link.mac:
        yield Fault(
            "changed", segment.name, 0, "", f"line {end.link.n} of its chain is not the one that {by} names: all of it was rewritten"
        )
