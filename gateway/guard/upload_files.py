"""The kinds of files that an upload may bring: one text, rows, and what nothing here can read."""

from collections.abc import Iterator, Mapping

from detectors.text.placeholders import lookalikes
from gateway.guard.holdback import TextChannel, Writing
from gateway.guard.outcome import Findings
from gateway.guard.scans import Answer, Job
from gateway.guard.upload_steps import BlockedError, Judged, Ledger, Step
from gateway.guard.writing import replacement
from gateway.wire.model import Place
from gateway.wire.upload import Lines, Text, refuse
from policies.vocabulary import Scope

_PIECE_CHARS = 8192
_MAX_HELD_CHARS = 1 << 18
_ROWS: Place = ("file", "rows")
_TEXT: Place = ("file", "text")


class _Piece(Step):
    """A piece of a text, which goes on as soon as nothing that is to come can change the verdict on it."""

    def __init__(self, text: "TextFile") -> None:
        super().__init__()
        self._text = text

    def needs(self) -> list[Job]:
        return [job for job, _ in self._text.channel.needs()]

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        for job, answer in answers.items():
            self._text.channel.settle(job, answer)

    def finish(self) -> bytes:
        return self._text.release()


class TextFile:
    """A file that is one text."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        world = ledger.world
        checks = world.plan.on_request.of(Scope.USER)
        writing = Writing(
            finder=None,
            restore=lambda text: text,
            replace=lambda edit, value: replacement(edit, value, ledger.tokens),
            fingerprint=world.tokens.fingerprint,
        )

        self.channel = TextChannel(world.plan.policy, checks, writing, world.memos.scans.text_key)
        self._decoder = Text(_PIECE_CHARS)
        self._held = 0

    def feed(self, data: bytes, *, is_end: bool = False) -> Iterator[Step]:
        for piece in self._decoder.feed(data, is_end=is_end):
            self._ledger.tokens.avoid(map(hash, lookalikes(piece)))
            self.channel.feed(piece)
            self._held += len(piece)
            yield _Piece(self)
            if self._held > _MAX_HELD_CHARS:
                raise refuse(f"The file has a text of which more than {_MAX_HELD_CHARS} letters would have to be judged at once.")

    def close(self) -> Iterator[Step]:
        yield from self.feed(b"", is_end=True)
        self.channel.close()
        yield _Piece(self)
        plan = self._ledger.world.plan
        self._ledger.findings.cover(_TEXT, Scope.USER, self.channel.length, plan.on_request.rule_ids(Scope.USER))

    def release(self) -> bytes:
        out = self.channel.release()
        if out:
            self._held = 0
        part = Findings(self.channel.action)
        part.add((), Scope.USER, self.channel.hits)
        self.channel.hits = []
        self._ledger.absorb(part, _TEXT, _TEXT)
        if self.channel.blocked:
            raise BlockedError(self._ledger.world.plan, part.rules(blocking_only=True), part.reasons())
        return out.encode()


class RowFile:
    """A file of JSON lines."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lines = Lines(ledger.world.max_rows)

    def feed(self, data: bytes) -> Iterator[Step]:
        for line in self._lines.feed(data):
            yield self._row(line)

    def close(self) -> Iterator[Step]:
        for line in self._lines.flush():
            yield self._row(line)

    def _row(self, line: bytes) -> Step:
        bare = line.rstrip(b" \t\r\n")
        if not bare:
            return Step(line)
        number, world = self._lines.number, self._ledger.world
        request = world.read_row(bare, number)
        return Judged(self._ledger, world.plan_of(request), request, (*_ROWS, number), line[len(bare) :], number)


class OpaqueFile:
    """A file that nothing here can read."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def feed(self, data: bytes) -> Iterator[Step]:
        yield Step(data)

    def close(self) -> Iterator[Step]:
        yield from ()
