"""The calls in an answer: by which names their tools go, and which of them have had no arguments yet."""

from typing import NamedTuple

from gateway.wire.model import Channel

_MAX_NAME = 256
"""What goes on is no tool's name."""


class Name(NamedTuple):
    """What has been said of a tool's name, in one piece or more. Some SDKs join the pieces, some take the first, some the last."""

    joined: str = ""
    first: str = ""
    last: str = ""

    @property
    def readings(self) -> dict[str, None]:
        """The names by which an app may know the tool."""
        return dict.fromkeys(self)


class Calls:
    """Of one answer. Each is known by its channel; all that is said of it is below that."""

    def __init__(self) -> None:
        self._names: dict[Channel, Name] = {}
        self._waiting: dict[Channel, dict[Channel, None]] = {}  # calls by each channel that they are at or below

    def note(self, call: Channel, said: str) -> Name | None:
        """Take in what an event says of a name. None: it is an item's that is said over again. What a chunk says is always a piece."""
        before = self._names.get(call)
        if before and said == before.joined and not isinstance(call[0], int):
            return None
        joined = ((before.joined if before else "") + said)[: _MAX_NAME + 1]
        name = self._names[call] = Name(joined, before.first if before else said, said)
        return name

    def name(self, call: Channel) -> Name:
        """All empty, if none has been said."""
        return self._names.get(call, Name())

    def of(self, channel: Channel) -> Channel:
        """The call that a channel is part of; () for none that is known. What is said over again may come before its call is."""
        heads = (channel, ("output", *channel[1:])) if channel[0] == "again" else (channel,)
        return next((head[:end] for head in heads for end in range(len(head), 0, -1) if head[:end] in self._names), ())

    def wait(self, call: Channel) -> None:
        """Its arguments are to come."""
        for end in range(len(call) + 1):
            self._waiting.setdefault(call[:end], {})[call] = None

    def arrive(self, call: Channel) -> None:
        """Its arguments are here."""
        for end in range(len(call) + 1):
            self._waiting.get(call[:end], {}).pop(call, None)

    def waiting(self, within: Channel) -> list[Channel]:
        """The calls at and below a channel whose arguments have not come."""
        return [*self._waiting.get(within, ())]
