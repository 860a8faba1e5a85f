"""What is looked at of an exchange's texts so that its record can say what it is like: a few beginnings, held until then and no longer."""

from collections.abc import Sequence

from gateway.guard.called import Calls
from gateway.wire.model import Channel, Event, Form, Request, Segment
from gateway.wire.spoken import choice_of, refused_by
from policies.subject import GENERATING
from policies.vocabulary import Scope

SURFACES = GENERATING | {"embeddings"}
MAX_ASKED = 2000
"""Characters of what the user said last."""
MAX_SAID = 400
"""Of the answer."""
MAX_SYSTEM = 4000
MAX_TOOLS = 16

_PROMPTS = ("prompt", "input")
_CHOICE = 0
_NO_CHANNEL: Channel = ()


class Glimpse:
    """Of one exchange: ``hear`` each event of its answer, of which the first choice is looked at."""

    def __init__(self, asked: str, asked_chars: int, system: str) -> None:
        self.asked = asked
        self.asked_chars = asked_chars
        self.system = system
        self.has_refused = False
        """By the API's own word."""
        self._said: list[str] = []
        self._room = MAX_SAID
        self._channel = _NO_CHANNEL
        """The one that the answer was last said in."""
        self._calls = Calls()
        self._called: dict[Channel, None] = {}

    @property
    def said(self) -> str:
        return "".join(self._said)

    @property
    def tools(self) -> list[str]:
        """The names by which tools were called, each once."""
        return list(dict.fromkeys([self._calls.name(call).joined for call in self._called]))

    def hear(self, event: Event) -> None:
        for delta in event.deltas:
            if delta.channel != self._channel and not self._is_said(delta.channel, delta.scope):
                continue
            if self._room > 0 and not delta.echoes:
                self._said.append(delta.text[: self._room])
                self._room -= len(delta.text)
        for call, name in event.calls:
            if call in self._called or len(self._called) < MAX_TOOLS:
                self._called[call] = None
                self._calls.note(call, name)

    def anew(self) -> "Glimpse":
        """The same without the answer, for another one."""
        return Glimpse(self.asked, self.asked_chars, self.system)

    def _is_said(self, channel: Channel, scope: Scope) -> bool:
        is_refusal = refused_by(channel, scope) == _CHOICE
        if not is_refusal and choice_of(channel, scope) != _CHOICE:
            return False
        self.has_refused = self.has_refused or is_refusal
        self._channel = channel
        return True


def glimpse(request: Request) -> Glimpse | None:
    """None where no model answers it."""
    if request.surface not in SURFACES:
        return None
    asked = _turn(request.segments[::-1], Scope.USER)[::-1] or _prompt(request.segments)
    system = _turn(request.segments, Scope.SYSTEM)
    return Glimpse(_beginning(asked, MAX_ASKED), sum([len(text) for text in asked]), _beginning(system, MAX_SYSTEM))


def _turn(segments: Sequence[Segment], scope: Scope) -> list[str]:
    """What is said in the first turn of that scope."""
    found: list[str] = []
    turn = None
    for segment in segments:
        if segment.scope is scope and segment.joins and segment.form is Form.TEXT:
            if turn is None:
                turn = segment.joins
            elif segment.joins != turn:
                break
            found.append(segment.text)
    return found


def _prompt(segments: Sequence[Segment]) -> list[str]:
    """The last one, where an API has no turns."""
    return [segment.text for segment in segments if segment.place[0] in _PROMPTS and segment.form is Form.TEXT][-1:]


def _beginning(texts: Sequence[str], most: int) -> str:
    return "\n".join([text[:most] for text in texts[:most]])[:most]
