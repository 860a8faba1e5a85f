"""Every string of a JSON body with its place: what a dialect has to account for."""

from collections.abc import Iterator

from gateway.wire.model import Json, Place


def strings(value: Json, place: Place = ()) -> Iterator[tuple[str, Place]]:
    """All that are not empty; not the keys."""
    if isinstance(value, str) and value:
        yield value, place
    elif isinstance(value, (list, dict)):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(item, (*place, step))


def unaccounted(body: Json, places: set[Place], parts: list[Place]) -> list[tuple[str, Place]]:
    """The strings that neither stand at one of the places nor within one of the parts."""
    return [(text, place) for text, place in strings(body) if place not in places and not any(place[: len(part)] == part for part in parts)]
