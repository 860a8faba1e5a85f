"""The texts of an export, unit by unit: a log record, a span, a data point, and what several of those have in common.

A unit is what is dropped where a rule blocks a text of it. Texts are found by walking every field that OTLP has, whatever it is called:
bodies, values and keys of attributes, names, events, status messages, units, descriptions, URLs of schemas.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from google.protobuf.descriptor import FieldDescriptor

from gateway.errors import TooLarge
from gateway.wire.model import Form, Kind, Place, Segment, Uninspectable
from gateway.wire.otlp.exports import Message
from gateway.wire.walk import is_name, number_text
from policies.vocabulary import Scope

MAX_TEXTS = 100_000
MAX_PARTS = 500_000
"""Messages within the message."""
MAX_ATTRIBUTES = 1000
"""Of one span, log record, data point or the like; those beyond are dropped."""

_RECORDS = frozenset({"spans", "log_records", "data_points"})
_UNITS = _RECORDS | {
    "resource_spans", "scope_spans", "resource_logs", "scope_logs", "resource_metrics", "scope_metrics", "metrics",
}  # fmt: skip
_ROLE = "telemetry"
_MAX_COUNT = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Unit:
    """``place`` leads to it, in the message; the texts of units within it are theirs."""

    place: Place
    is_record: bool
    segments: list[Segment] = field(default_factory=list)
    uninspectable: list[Uninspectable] = field(default_factory=list)


class Fields:
    """A message as guards write into one, by the names of its fields and the numbers of a list's items."""

    __slots__ = ("message",)

    def __init__(self, message: Message) -> None:
        self.message = message

    def __getitem__(self, step: str | int) -> "Fields":
        return Fields(self.message[step] if isinstance(step, int) else getattr(self.message, step))

    def __setitem__(self, step: str | int, text: str) -> None:
        """A number of which a text is written becomes that text."""
        if isinstance(step, int):
            self.message[step] = text
            return
        known = getattr(self.message, step)
        if isinstance(known, bytes):
            setattr(self.message, step, text.encode())
        else:
            setattr(self.message, step if isinstance(known, str) else "string_value", text)


@dataclass(slots=True)
class Export:
    """An export as it is looked at. ``trimmed``: how many attributes were dropped, being too many."""

    units: list[Unit]
    records: int
    trimmed: int


def read(message: Message) -> Export:
    """Raises TooLarge for more texts or parts than one export may have."""
    reader = _Reader()
    reader.read(message, (), reader.begin((), is_record=False))
    looked_at = [unit for unit in reader.units if unit.segments or unit.uninspectable]
    return Export(looked_at, sum([unit.is_record for unit in reader.units]), reader.trimmed)


def drop(message: Message, places: Iterable[Place]) -> int:
    """Take these units out; how many records went with them."""
    dropped = 0
    for place in sorted(places, reverse=True):  # what is behind and below goes first, so that no place moves
        if not place:
            dropped += _records(message)
            message.Clear()
            continue
        siblings = Fields(message)
        for step in place[:-1]:
            siblings = siblings[step]
        number = place[-1]
        dropped += 1 if place[-2] in _RECORDS else _records(siblings.message[number])
        del siblings.message[number]
    return dropped


def _records(message: Message) -> int:
    """Below a message."""
    found = 0
    for each, value in message.ListFields():
        if each.name in _RECORDS:
            found += len(value)
        elif each.type == FieldDescriptor.TYPE_MESSAGE:
            found += sum([_records(part) for part in value]) if each.is_repeated else _records(value)
    return found


class _Reader:
    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.trimmed = 0
        self._parts = 0
        self._texts = 0

    def begin(self, place: Place, *, is_record: bool) -> Unit:
        unit = Unit(place, is_record)
        self.units.append(unit)
        return unit

    def read(self, message: Message, place: Place, unit: Unit) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _too_large(f"{MAX_PARTS} parts")
        for each, value in message.ListFields():
            name = each.name
            at = (*place, name)
            if each.type == FieldDescriptor.TYPE_MESSAGE:
                if not each.is_repeated:
                    self.read(value, at, unit)
                    continue
                if name == "attributes" and len(value) > MAX_ATTRIBUTES:
                    self._trim(message, value)
                self._read_all(value, name, at, unit)
            elif each.is_repeated:
                for number, item in enumerate(value):
                    self._say(item, (*at, number), unit, name)
            else:
                self._say(value, at, unit, name)

    def _read_all(self, messages: Iterable[Message], name: str, at: Place, unit: Unit) -> None:
        begins = name in _UNITS
        for number, item in enumerate(messages):
            place = (*at, number)
            self.read(item, place, self.begin(place, is_record=name in _RECORDS) if begins else unit)

    def _trim(self, owner: Message, attributes: Message) -> None:
        """The owner says how many it has lost, as an exporter does that drops them itself."""
        many = len(attributes) - MAX_ATTRIBUTES
        del attributes[MAX_ATTRIBUTES:]
        self.trimmed += many
        if "dropped_attributes_count" in owner.DESCRIPTOR.fields_by_name:
            owner.dropped_attributes_count = min(_MAX_COUNT, owner.dropped_attributes_count + many)

    def _say(self, value: object, place: Place, unit: Unit, name: str) -> None:
        if isinstance(value, str):
            if name != "key":
                self._add(value, place, unit)
            elif not is_name(value):
                self._add(value, place, unit, Form.KEY)
        elif isinstance(value, bytes):
            self._say_bytes(value, place, unit, name)
        elif name in ("int_value", "double_value") and (text := number_text(value)):
            self._add(text, place, unit)

    def _say_bytes(self, value: bytes, place: Place, unit: Unit, name: str) -> None:
        """An id is random bytes, unless it is readable."""
        if name.endswith("_id"):
            if value.strip(b"\0") and value.isascii():
                self._add(value.decode(), place, unit, Form.KEY)
            return
        try:
            self._add(value.decode(), place, unit)
        except UnicodeDecodeError:
            unit.uninspectable.append(Uninspectable(Kind.UNKNOWN, place, Scope.TELEMETRY))

    def _add(self, text: str, place: Place, unit: Unit, form: Form = Form.TEXT) -> None:
        if not text:
            return
        self._texts += 1
        if self._texts > MAX_TEXTS:
            raise _too_large(f"{MAX_TEXTS} texts")
        unit.segments.append(Segment(text, _ROLE, Scope.TELEMETRY, place, form))


def _too_large(what: str) -> TooLarge:
    return TooLarge("body_too_large", f"The export has more than the {what} that the gateway takes at once.")
