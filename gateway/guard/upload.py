"""The guard of an upload: a form with a file that may be larger than memory, judged and passed on as it comes.

Sans-io: ``feed`` gives steps, one after the other; each step says what it needs, is settled, and finished before the next is taken.
What finishing gives are the bytes that may go upstream. A row of a file of rows is judged as a request of its own, by the policy that
its model and surface have; a text is judged as one, however it is cut; what is neither is uninspectable.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.guard.outcome import Findings
from gateway.guard.upload_files import OpaqueFile, RowFile, TextFile
from gateway.guard.upload_steps import BlockedError, Judged, Ledger, Step, World
from gateway.wire.form_request import MAX_FIELD_BYTES, decode_field, parted_filename, read_filename, read_value
from gateway.wire.model import Form, Json, Kind, Place, Request, Segment, Uninspectable
from gateway.wire.multipart import PART_END, FormReader, Head, closing, opening, refuse
from gateway.wire.request_texts import Found, parted
from gateway.wire.upload import SNIFFED_BYTES, Reading, Upload, check_purpose, reading_of
from policies.verdict import Action
from policies.vocabulary import Scope

_SURFACE = "files"


@dataclass(slots=True)
class UploadGuard:
    """Guards one upload. ``findings`` grows as it goes, and stays bounded."""

    world: World
    upload: Upload
    _ledger: Ledger = field(init=False)
    _form: FormReader = field(init=False)
    _head: Head | None = None
    _value: bytearray = field(default_factory=bytearray)
    _file: "TextFile | RowFile | OpaqueFile | None" = None
    _purpose: str | None = None
    _reading: Reading | None = None

    def __post_init__(self) -> None:
        self._form = FormReader(self.upload.boundary)
        self._ledger = Ledger(self.world)

    @property
    def findings(self) -> Findings:
        return self._ledger.findings

    def query(self, query: str) -> Iterator[Step]:
        """What the request says in its path; it is read and not rewritten."""
        if query:
            segments = (Segment(query, "user", Scope.USER, (), Form.KEY),)
            request = Request(_SURFACE, "", stream=False, body=None, raw=b"", segments=segments, uninspectable=())
            yield Judged(self._ledger, self.world.plan, request, ("query",))

    def feed(self, data: bytes) -> Iterator[Step]:
        """Raises BadRequest for what cannot be read."""
        for found in self._form.feed(data):
            if isinstance(found, Head):
                yield from self._open(found)
            elif found is None:
                yield from self._end()
            else:
                yield from self._take(found)

    def close(self) -> Iterator[Step]:
        """The bytes are over. Raises BadRequest if the form is not."""
        self._form.close()
        yield Step(closing(self.upload.boundary))

    def _open(self, head: Head) -> Iterator[Step]:
        self._head = head
        self._value.clear()
        self._file = None
        if head.filename is not None:
            stem, extension = parted_filename(head.filename)

            def write(said: str) -> bytes:
                return opening(self.upload.boundary, Head(head.name, said + extension, head.content_type))

            yield self._judged(stem, (head.name, "filename"), write, read_filename(head.filename, (0,)))

    def _take(self, data: bytes) -> Iterator[Step]:
        if self._file is not None:
            yield from self._file.feed(data)
            return
        self._value += data
        if self._head and self._head.filename is None:
            if len(self._value) > MAX_FIELD_BYTES:
                raise refuse(f"a field has more than {MAX_FIELD_BYTES} bytes")
        elif len(self._value) >= SNIFFED_BYTES:
            yield from self._begin()

    def _end(self) -> Iterator[Step]:
        assert self._head  # noqa: S101 a part ends after it has begun
        if self._head.filename is None:
            yield self._field(self._head)
        else:
            if self._file is None:
                yield from self._begin()
            if self._file is not None:
                yield from self._file.close()
        yield Step(PART_END)

    def _field(self, head: Head) -> Step:
        text = decode_field(bytes(self._value))
        if head.name == "purpose":
            self._purpose = text
            check_purpose(text, self._reading)

        def write(said: str) -> bytes:
            return opening(self.upload.boundary, head) + said.encode("utf-8", "replace")

        return self._judged(text, (head.name,), write, read_value(head.name, text, (0,)))

    def _judged(self, text: str, place: Place, write: Callable[[str], bytes], found: Found) -> Step:
        """A text of the form itself, with what is written for it."""

        def write_body(body: Json) -> bytes:
            return write(body[0])

        segments, uninspectable = parted(found)
        request = Request(_SURFACE, "", False, [text], write(text), segments, uninspectable, write=write_body)
        return Judged(self._ledger, self.world.plan, request, place)

    def _begin(self) -> Iterator[Step]:
        """It is clear now what the file is."""
        assert self._head  # noqa: S101 a part has a head
        first = bytes(self._value)
        self._value.clear()
        self._reading = reading_of(self._head, self._purpose, first[:SNIFFED_BYTES])
        self._file = self._file_of(self._reading)
        yield from self._file.feed(first)

    def _file_of(self, reading: Reading) -> "TextFile | RowFile | OpaqueFile":
        if self.upload.is_part and reading is not Reading.NONE:
            self._refuse_if_blocked(Uninspectable(Kind.UNKNOWN, ("file",)))  # a text that is cut anywhere cannot be judged
        elif reading is Reading.ROWS:
            return RowFile(self._ledger)
        elif reading is Reading.TEXT:
            return TextFile(self._ledger)
        else:
            self._refuse_if_blocked(Uninspectable(Kind.FILE, ("file",)))
        return OpaqueFile(self._ledger)

    def _refuse_if_blocked(self, part: Uninspectable) -> None:
        if self.findings.add_unread(part, self.world.plan.policy) is Action.BLOCK:
            raise BlockedError(self.world.plan, self.findings.rules(blocking_only=True), self.findings.reasons())
