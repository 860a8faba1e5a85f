"""Names and ids in a streamed chat completion: an app may join the pieces of one, so they are read together."""

from collections.abc import Iterator

from gateway.wire.model import Json, Kind, Place, Uninspectable
from gateway.wire.walk import is_structural

_NAMED = frozenset({"role", "tool_calls", "function_call"})
_MAX_NAMES = 4096
_MAX_NAME = 512
"""What is as long is no name, whatever it goes on with."""


class Names:
    """What a stream has said of each name so far."""

    def __init__(self) -> None:
        self._said: dict[Place, tuple[str, str]] = {}

    def read(self, body: dict[str, Json]) -> Iterator[Uninspectable]:
        """Pieces with which a name is none any more. What is said again is no piece."""
        choices = body.get("choices")
        for position, choice in enumerate(choices if isinstance(choices, list) else ()):
            delta = choice.get("delta") if isinstance(choice, dict) else None
            if isinstance(choice, dict) and isinstance(delta, dict) and not _NAMED.isdisjoint(delta):
                index = choice.get("index", position)
                for name, place, piece in _pieces(delta, ("choices", position, "delta")):
                    if isinstance(index, int) and not self._takes((index, *name), piece):
                        yield Uninspectable(Kind.UNKNOWN, place)

    def _takes(self, name: Place, piece: str) -> bool:
        said, last = self._said.get(name, ("", ""))
        if piece in (said, last):
            return True
        if not said and len(self._said) >= _MAX_NAMES:
            return False
        whole = (said + piece)[:_MAX_NAME]
        self._said[name] = whole, piece
        return not said or is_structural(whole)


def _pieces(delta: dict[str, Json], place: Place) -> Iterator[tuple[Place, Place, str]]:
    """Each with its name and its place."""
    if isinstance(role := delta.get("role"), str):
        yield ("role",), (*place, "role"), role
    yield from _of_call(delta, ("function_call",), ("function_call",), place)
    calls = delta.get("tool_calls")
    for position, call in enumerate(calls if isinstance(calls, list) else ()):
        if isinstance(call, dict) and isinstance(index := call.get("index", position), int):
            here = (*place, "tool_calls", position)
            for key in ("id", "type"):
                if isinstance(piece := call.get(key), str):
                    yield ("tool_calls", index, key), (*here, key), piece
            for kind in ("function", "custom"):
                yield from _of_call(call, (kind,), ("tool_calls", index, kind), here)


def _of_call(holder: dict[str, Json], at: Place, name: Place, place: Place) -> Iterator[tuple[Place, Place, str]]:
    called = holder.get(str(at[0]))
    if isinstance(called, dict) and isinstance(piece := called.get("name"), str):
        yield (*name, "name"), (*place, *at, "name"), piece
