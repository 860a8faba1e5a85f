"""Where the settings say that texts stand in a JSON body: JSONPath (RFC 9535) to places, once for each path and body."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.selectors import IndexSelector, NameSelector

from gateway.errors import BadRequest
from gateway.wire.model import Form, Json, Place
from gateway.wire.walk import MAX_DEPTH, dotted, is_name, is_structural, number_text
from policies.vocabulary import Scope

MAX_ITEMS = 16
"""How far down a list a text of a stream may stand."""


def compile_path(text: str) -> JSONPath:
    """Raises ValueError."""
    with suppress(JSONPathError):
        path = JSONPathEnvironment(strict=True).compile(text)
        if isinstance(path, JSONPath):
            return path
    raise ValueError("this is not a JSONPath; allowed: $, then .key, ['key'], [0], [*], ..key, [?@.key == 'value']")


def single_place(text: str) -> Place:
    """The place that a path names, if it can be no more than one. Raises ValueError."""
    path = compile_path(text)
    steps: list[str | int] = []
    for segment in path.segments if path.singular_query() else ():
        match segment.selectors:
            case (NameSelector(name=name),):
                steps.append(name)
            case (IndexSelector(index=index),) if 0 <= index < MAX_ITEMS:
                steps.append(index)
            case _:
                steps.clear()
                break
    if not steps:
        raise ValueError("this must name one value; allowed: $, then .key, ['key'] or [0] to [15], and no other")
    return tuple(steps)


def value_at(body: Json, place: Place) -> Json:
    """The value at a place, or None where there is none."""
    for step in place:
        if isinstance(body, dict) and isinstance(step, str):
            body = body.get(step)
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return None
    return body


class Text(NamedTuple):
    """A text that stands in a body."""

    text: str
    place: Place
    form: Form
    scope: Scope


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths by what stands there, and below; of a place that several name, the first one says it. ``rest`` is what no path names.

    At ``structural`` places a value is no text if it has the form of an identifier; one that has not belongs to the rest. A path that
    can name one value only is held as its place, which need not be looked for.
    """

    rest: Scope
    scopes: tuple[tuple[Scope, tuple[JSONPath | Place, ...]], ...] = ()
    structural: tuple[JSONPath | Place, ...] = ()
    _fixed: Mapping[Place, Scope | None] | None = field(init=False)
    """What stands at which place, if that is the same for each body."""

    def __post_init__(self) -> None:
        is_fixed = all(isinstance(path, tuple) for _, paths in self._said() for path in paths)
        object.__setattr__(self, "_fixed", self._named(None) if is_fixed else None)

    @classmethod
    def of(cls, rest: Scope, scopes: Mapping[Scope, tuple[str, ...]], structural: tuple[str, ...]) -> "Paths":
        """Raises ValueError."""
        compiled = tuple((scope, tuple(map(_compile, paths))) for scope, paths in scopes.items() if paths)
        return cls(rest, compiled, tuple(map(_compile, structural)))

    def texts(self, body: Json, *, numbers: bool = False) -> Iterator[Text]:
        """Every text of a body, named or not. Raises BadRequest (``too_deep``)."""
        named = self._named(body) if self._fixed is None else self._fixed
        found: list[Text] = []
        self._walk(body, (), named, named.get((), self.rest), found, 0, numbers=numbers)
        return iter(found)

    def _said(self) -> tuple[tuple[Scope | None, tuple[JSONPath | Place, ...]], ...]:
        return ((None, self.structural), *self.scopes)

    def _named(self, body: Json) -> dict[Place, Scope | None]:
        named: dict[Place, Scope | None] = {}
        for scope, paths in self._said():
            for path in paths:
                for place in (path,) if isinstance(path, tuple) else _places(path, body):
                    named.setdefault(place, scope)
        return named

    def _walk(
        self,
        value: Json,
        place: Place,
        named: Mapping[Place, Scope | None],
        said: Scope | None,
        found: list[Text],
        depth: int,
        *,
        numbers: bool,
    ) -> None:
        """``said``: what stands here by the nearest place above that is named; None: what is structural."""
        if isinstance(value, str):
            if value and not (said is None and is_structural(value)):
                found.append(Text(value, place, Form.TEXT, said or self.rest))
        elif isinstance(value, (dict, list)):
            if depth > MAX_DEPTH:
                raise BadRequest("too_deep", "The body is nested too deeply.", dotted(place))
            for step, item in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(step, str) and not is_name(step):
                    found.append(Text(step, (*place, step), Form.KEY, said or self.rest))
                if numbers or isinstance(item, (str, dict, list)):
                    here = (*place, step)
                    self._walk(item, here, named, named.get(here, said), found, depth + 1, numbers=numbers)
        elif numbers and said is not None and (text := number_text(value)):
            found.append(Text(text, place, Form.TEXT, said))


def _compile(text: str) -> JSONPath | Place:
    """Raises ValueError."""
    with suppress(ValueError):
        return single_place(text)
    return compile_path(text)


def _places(path: JSONPath, body: Json) -> Iterator[Place]:
    if not isinstance(body, (dict, list)):  # the library would take a string for a document of its own
        return
    try:
        for match in path.finditer(body):
            yield match.parts
    except JSONPathError:
        raise BadRequest("too_deep", "The body is nested too deeply.") from None
