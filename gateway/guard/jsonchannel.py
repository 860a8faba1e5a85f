"""A channel whose text is JSON (tool arguments): each leaf is guarded as a text of its own, and what comes out is valid JSON again."""

from collections import deque
from collections.abc import Callable

from gateway.guard.holdback import TextChannel
from gateway.guard.review import Hit
from gateway.guard.scans import Answer, Job
from gateway.wire import jsontext
from gateway.wire.jsontext import JsonText, Part, Piece
from gateway.wire.request_texts import written_out
from policies.verdict import Action, strictest

_MAX_BARE = 4096  # a bare run (a number) is held until it ends, for it may come to need quotes; a longer one is no number


class _Leaf:
    """A leaf on its way: its channel, and the raw text that may go on instead of what comes out, if that means the same. A bare run is
    judged when it has ended, written out.
    """

    def __init__(self, channel: TextChannel, *, is_string: bool) -> None:
        self.channel = channel
        self._is_string = is_string
        self._raw = ""
        self._decoded = ""
        self._out = ""
        self._length = 0

    def feed(self, piece: Piece) -> None:
        self._raw += piece.raw
        self._length += len(piece.raw)
        if self._is_string:
            self._take(piece.text)
        elif self._length > _MAX_BARE:
            self._take(self._raw if self._length - len(piece.raw) <= _MAX_BARE else piece.text)

    def close(self) -> None:
        if not self._is_string and self._length <= _MAX_BARE:
            self._take(written_out(self._raw))
        self.channel.close()

    def _take(self, text: str) -> None:
        self.channel.feed(text)
        self._decoded += text

    def release(self) -> str:
        out = self.channel.release()
        if not self._is_string and self._length <= _MAX_BARE:
            return self._release_bare(out)
        written = self._raw if out == self._decoded else jsontext.escape(out)
        if out:
            self._raw = self._decoded = ""
        return written if out else ""

    def _release_bare(self, out: str) -> str:
        self._out += out
        if not self.channel.is_done:
            return ""
        return self._raw if self._out == self._decoded else f'"{jsontext.escape(self._out)}"'


class JsonChannel:
    """The same interface as ``TextChannel``. A text that does not begin like JSON is one plain text."""

    def __init__(self, new_channel: Callable[[], TextChannel]) -> None:
        self._new_channel = new_channel
        self._reader = JsonText()
        self._is_json: bool | None = None  # None while only white space has arrived
        self._head = ""
        self._queue: deque[str | _Leaf] = deque()
        self._leaf: _Leaf | None = None
        self._plain: TextChannel | None = None
        self._late: list[TextChannel] = []  # leaves whose text is gone, and whose checks that hold nothing back are not done
        self._closed = False
        self.length = 0
        self.rewritten = 0
        self.blocked = False
        self.action = Action.ALLOW
        self.hits: list[Hit] = []

    @property
    def is_done(self) -> bool:
        return self._closed and not self._queue and (self._plain is None or self._plain.is_done)

    @property
    def is_settled(self) -> bool:
        return self.blocked or (self.is_done and not self._late and (self._plain is None or self._plain.is_settled))

    @property
    def released(self) -> int:
        """All or nothing: an offset in the raw text means nothing to a leaf."""
        return self.length if self.is_done else 0

    def feed(self, text: str) -> None:
        self.length += len(text)
        if self._is_json is None:
            text = self._head + text
            self._is_json = jsontext.is_json(text)
            self._head = text if self._is_json is None else ""
        if self._is_json:
            self._take(self._reader.feed(text))
        elif self._is_json is False:
            self._plain = self._plain or self._new_channel()
            self._plain.feed(text)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._plain:
            self._plain.close()
        self._take(self._reader.flush())
        if self._head:
            self._queue.append(self._head)

    def _take(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if piece.part is Part.STRUCTURE:
                self._queue.append(piece.raw)
            elif piece.part is Part.END:
                if self._leaf:
                    self._leaf.close()
                self._leaf = None
            else:
                if self._leaf is None:
                    self._leaf = _Leaf(self._new_channel(), is_string=piece.part is Part.STRING)
                    self._queue.append(self._leaf)
                self._leaf.feed(piece)

    def _channels(self) -> list[TextChannel]:
        found = [item.channel for item in self._queue if isinstance(item, _Leaf)]
        return [*found, *self._late, self._plain] if self._plain else [*found, *self._late]

    def needs(self) -> list[tuple[Job, bool]]:
        return [need for channel in self._channels() for need in channel.needs()]

    def settle(self, job: Job, answer: Answer) -> None:
        for channel in self._channels():
            channel.settle(job, answer)

    def release(self) -> str:
        """What may go now: leaves in order, each after the one before it is done."""
        if self._plain:
            out = self._plain.release()
            self._collect(self._plain)
            return out
        self._hear_late()
        out = ""
        while self._queue and not self.blocked:
            item = self._queue[0]
            if isinstance(item, _Leaf):
                out += item.release()
                self._collect(item.channel)
                if not item.channel.is_done:
                    break
                if not item.channel.is_settled:
                    self._late.append(item.channel)
            else:
                out += item
            self._queue.popleft()
        return out

    def _hear_late(self) -> None:
        for channel in self._late:
            channel.release()
            self._collect(channel)
        self._late = [channel for channel in self._late if not channel.is_settled]

    def _collect(self, channel: TextChannel) -> None:
        self.blocked = self.blocked or channel.blocked
        self.action = strictest(self.action, channel.action)
        self.hits += channel.hits
        channel.hits = []
        self.rewritten += channel.rewritten
        channel.rewritten = 0
