"""What OpenTelemetry's GenAI conventions have to be switched on, by the variables that all that instruments models knows."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
EMIT = "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"

_MODES = {"NO_CONTENT": (False, False), "SPAN_ONLY": (True, False), "EVENT_ONLY": (False, True), "SPAN_AND_EVENT": (True, True)}
_BOOLEANS = {"TRUE": True, "FALSE": False}

T = TypeVar("T")


class Switches(NamedTuple):
    """All off, unless somebody says so."""

    has_content: bool = False
    """Texts that were kept, on spans."""
    has_events: bool = False
    """Events as log records of their own, each call of a model among them, rather than on spans."""
    has_content_in_events: bool = False

    @property
    def asks_for_content(self) -> bool:
        return self.has_content or (self.has_events and self.has_content_in_events)


OFF = Switches()


def switches(environment: Mapping[str, str]) -> Switches:
    """Events are on where content is asked for in them, unless they are switched off. Raises ValueError for what is no switch's value."""
    on_spans, in_events = _read(environment, CAPTURE, _MODES) or (False, False)
    emits = _read(environment, EMIT, _BOOLEANS)
    return Switches(on_spans, in_events if emits is None else emits, in_events)


def _read(environment: Mapping[str, str], name: str, values: Mapping[str, T]) -> T | None:
    """Of any case. None where nothing is said."""
    said = environment.get(name, "").strip()
    if not said:
        return None
    if said.upper() not in values:
        raise ValueError(f"{name} is not understood; allowed: {', '.join(values)}")
    return values[said.upper()]
