"""Holds a growing document against the rules of its schema.

Each value is under claims: a rule, and the hope that falls with it. The document as a whole is one hope; each alternative of a choice is a
hope of its own, and a choice falls with its last alternative. When the hope of the whole document falls, the text cannot become valid.
"""

from dataclasses import dataclass, field

from detectors.parsers import reasons
from detectors.parsers.contract import Invalid, Json
from detectors.parsers.library import Check
from detectors.parsers.reader import Scalar
from detectors.parsers.rules import LONGEST_LISTED, Rule


class Hope:
    """That something may still become valid. It falls with the last of what carries it, and then takes away from what it carried itself."""

    __slots__ = ("_above", "_carriers", "_reason")

    def __init__(self, above: "Hope | None" = None, carriers: int = 1, reason: str = "") -> None:
        self._above = above
        self._carriers = carriers
        self._reason = reason

    def lose(self, reason: str) -> None:
        if not self._carriers:
            return
        self._carriers -= 1
        if self._carriers:
            return
        if self._above is None:
            raise Invalid(reason)
        self._above.lose(self._reason or reason)

    def is_lost(self) -> bool:
        return not self._carriers or (self._above is not None and self._above.is_lost())


Claim = tuple[Rule, Hope]


@dataclass(slots=True)
class _Container:
    """An object or array that is open, as far as it was read."""

    value: dict[str, Json] | list[Json]
    claims: list[Claim]
    step: str | int = 0  # the name or the index that is being read
    children: list[Claim] = field(default_factory=list)  # of the property whose value comes next


class Claims:
    """Listens to a reader. Builds the document as well, and asks for the whole of it when it is whole."""

    def __init__(self, root: Rule, whole: Check, known: frozenset[str]) -> None:
        self._whole = whole
        self._known = known
        self._hope = Hope()
        self._root = root
        self._open: list[_Container] = []
        self._claims: list[Claim] = []  # of the value that began last
        self._texts: list[tuple[tuple[str, ...] | None, int | None, Hope, str]] = []  # what is asked of the beginning of a text
        self._head = ""
        self._length = 0
        self._inner = 0  # 1 while that text is a name

    def begin(self, kind: str) -> None:
        claims = self._claims_of_next()
        live: list[Claim] = []
        for rule, hope in claims:
            if rule.kinds is not None and kind not in rule.kinds:
                hope.lose(f"{self._place()}: {rule.must_be or reasons.phrase('falseSchema', {})}")
            else:
                live.append((rule, hope))
        self._claims = live
        if kind == "object":
            self._open.append(_Container({}, live))
        elif kind == "array":
            self._open.append(_Container([], live))
        elif kind == "string":
            self._listen_for_text()

    def part(self, text: str) -> None:
        if not self._texts:
            return
        self._length += len(text)
        if self._length <= LONGEST_LISTED:
            self._head += text
        for options, longest, hope, reason in self._texts:
            if longest is not None and self._length > longest:
                hope.lose(f"{self._place(self._inner)}: {reasons.limit('maxLength', longest)}")
            elif options is not None and not self._may_become(options):
                hope.lose(f"{self._place(self._inner)}: {reason}")

    def key_begins(self) -> None:
        self._head, self._length, self._inner = "", 0, 1
        claims = self._open[-1].claims
        self._texts = [(rule.closed, None, hope, reasons.NOT_ALLOWED) for rule, hope in claims if rule.closed is not None]

    def key(self, name: str) -> None:
        container = self._open[-1]
        value = container.value
        assert isinstance(value, dict)  # noqa: S101  # a reader tells names in objects only
        if name in value:
            raise Invalid(f"{self._place(inner=1)}: has a property twice")
        container.step, container.children = name, []
        for rule, hope in container.claims:
            if rule.max_properties is not None and len(value) >= rule.max_properties:
                hope.lose(f"{self._place(inner=1)}: {reasons.limit('maxProperties', rule.max_properties)}")
            for child in rule.of_property(name):
                if child.kinds is not None and not child.kinds:
                    hope.lose(f"{self._place(inner=1)}: {reasons.NOT_ALLOWED}")
                self._claim(container.children, child, hope)

    def scalar(self, value: Scalar) -> None:
        for rule, hope in self._claims:
            fault = rule.scalar(value) if rule.scalar is not None else None
            if fault is not None:
                hope.lose(f"{self._place()}: {fault[1]}")
        self._ends(value)

    def end(self) -> None:
        container = self._open[-1]
        for rule, hope in container.claims:
            wrong = _lacks(rule, container.value)
            if wrong:
                hope.lose(f"{self._place(inner=1)}: {wrong}")
        self._open.pop()
        self._ends(container.value)

    def _ends(self, value: Json) -> None:
        if not self._open:
            fault = self._whole(value)
            if fault is not None:
                raise Invalid(f"{reasons.place(fault[0], self._known)}: {fault[1]}")
            return
        container = self._open[-1]
        if isinstance(container.value, list):
            container.value.append(value)
            container.step = len(container.value)
        else:
            container.value[str(container.step)] = value

    def _claims_of_next(self) -> list[Claim]:
        found: list[Claim] = []
        if not self._open:
            self._claim(found, self._root, self._hope)
            return found
        container = self._open[-1]
        if not isinstance(container.step, int):
            return container.children
        for rule, hope in container.claims:
            if rule.max_items is not None and container.step >= rule.max_items:
                hope.lose(f"{self._place(inner=1)}: {reasons.limit('maxItems', rule.max_items)}")
            child = rule.of_item(container.step)
            if child is not None:
                self._claim(found, child, hope)
        return found

    def _claim(self, found: list[Claim], rule: Rule, hope: Hope) -> None:
        """Puts the next value under a rule, and all that follow from it; how many there can be, ``effort`` bounds."""
        if hope.is_lost():
            return
        for each in rule.flat:
            found.append((each, hope))  # noqa: PERF401  # mostly one
        for group in rule.groups:
            choice = Hope(hope, len(group), f"{self._place()}: {reasons.NO_ALTERNATIVE}")
            for each in group:
                self._claim(found, each, Hope(choice))

    def _listen_for_text(self) -> None:
        self._head, self._length, self._inner = "", 0, 0
        self._texts = [
            (rule.listed, rule.max_length, hope, reasons.NOT_LISTED)
            for rule, hope in self._claims
            if rule.max_length is not None or rule.listed is not None
        ]

    def _may_become(self, options: tuple[str, ...]) -> bool:
        return self._length <= LONGEST_LISTED and any(each.startswith(self._head) for each in options)

    def _place(self, inner: int = 0) -> str:
        """Of the value that is being read; with ``inner``, of the container that it is in."""
        return reasons.place([each.step for each in self._open[: len(self._open) - inner]], self._known)


def _lacks(rule: Rule, value: Json) -> str:
    if isinstance(value, dict):
        if not rule.required <= value.keys():
            return reasons.must_have(min(rule.required - value.keys()))
        return reasons.limit("minProperties", rule.min_properties) if len(value) < rule.min_properties else ""
    if isinstance(value, list) and len(value) < rule.min_items:
        return reasons.limit("minItems", rule.min_items)
    return ""
