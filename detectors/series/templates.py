"""What log lines have in common: each line's template, found as the lines come (after Drain, He et al. 2017).

Lines of as many words that begin alike are compared word by word; a template's words that turn out to differ become ``<*>``. Numbers, ids,
addresses and the like are ``<*>`` from the start. Bounded in templates, in words and in what a line costs, whatever is logged: the template
that was not seen for longest makes room.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any

WILD = "<*>"
MAX_CHARS = 2000
"""Of a line; what is beyond is not read."""
_MAX_WORDS = 100
_MAX_BEGINNINGS = 100
"""Of lines of as many words; those that begin otherwise are kept together."""
_MAX_ALIKE = 100
"""Templates that a line is compared with."""
_SIMILAR = 0.5
_LEAST_SAME = 2
_MASK = re.compile(
    r"""
      [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}
    | (?<![\w.])(?:/[\w.@:+=-]+){2,}/?
    | (?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?
    | (?<![\w.-])(?:[\w-]+\.)+(?:com|net|org|edu|gov|io|dev|local|internal|svc)(?::\d+)?(?![\w.])
    | \b0[xX][0-9a-fA-F]+\b
    | \b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b
    | (?<![A-Za-z0-9])[-+]?\d+(?:[.,:]\d+)*(?:ms|us|µs|ns|s|m|h|[kKMGT]?i?[bB])?(?![A-Za-z0-9])
    """,
    re.VERBOSE,
)
_MAY_VARY = re.compile(r"[\d/.]")
"""What everything that is masked has."""
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?Z?)?(?!\w)")
_OBJECT = re.compile(r"\b\w+\((?=\w+=)[^()]*\)")
_DEEPEST = 4
_LIST = re.compile(r"\[(?:[^\[\],]+,)+[^\[\],]+\]")
_UNENDING = re.compile(r"\b\w+\(\w+=.*|\{[\"']?\w+[\"']?\s*[=:].*", re.DOTALL)
"""A value that has no end that could be found: the rest of the line may be of it."""


@dataclass(slots=True)
class Template:
    number: int
    words: list[str | None]
    """None: the template is open there."""
    group: tuple[int, str]
    open: int
    """So many words."""

    @property
    def id(self) -> str:
        return f"t{self.number}"

    @property
    def text(self) -> str:
        return " ".join(WILD if word is None else word for word in self.words)


@dataclass(frozen=True, slots=True)
class Mined:
    """A line's template, its words, and whether the template is new."""

    template: Template
    words: Sequence[str]
    is_new: bool


class Miner:
    """``mine`` each line."""

    def __init__(self, most: int = 2000) -> None:
        self.templates: OrderedDict[int, Template] = OrderedDict()
        """By number; the one that was seen last is last."""
        self.forgotten = 0
        """Templates that made room for others."""
        self._most = most
        self._groups: dict[tuple[int, str], OrderedDict[int, Template]] = {}
        self._beginnings: dict[int, int] = {}
        self._number = 0

    def mine(self, line: str) -> Mined:
        words = _without_structures(_TIME.sub(WILD, line[:MAX_CHARS])).split(None, _MAX_WORDS)[:_MAX_WORDS] or [""]
        masked = [_masked(word) for word in words]
        group = self._group(masked)
        template = self._match(group, masked)
        is_new = template is None
        if template is None:
            template = self._add(group, masked)
        self.templates.move_to_end(template.number)
        self._groups[template.group].move_to_end(template.number)
        return Mined(template, words, is_new)

    def _group(self, masked: Sequence[str]) -> tuple[int, str]:
        count, first = len(masked), masked[0]
        if WILD in first or any(map(str.isdigit, first)):
            return count, WILD
        if (count, first) not in self._groups and self._beginnings.get(count, 0) >= _MAX_BEGINNINGS:
            return count, WILD
        return count, first

    def _match(self, group: tuple[int, str], masked: Sequence[str]) -> Template | None:
        """The most alike of the group, of two that are as alike the more open one; it learns which of its words differ.

        A line that has few words of its own is only like one that has the same.
        """
        best, most = None, (0, -1)
        wild = masked.count(WILD)
        for template in self._groups.get(group, {}).values():
            same = sum(map(eq, template.words, masked))
            if (same, template.open) > most:
                best, most = template, (same, template.open)
                if most == (len(masked) - wild, wild):
                    return best
        if best is None or most[0] < max(_LEAST_SAME, _SIMILAR * len(masked)):
            return None
        if most[0] < len(masked) - best.open:
            best.words = [word if word == other else None for word, other in zip(best.words, masked, strict=True)]
            best.open = best.words.count(None)
        return best

    def _add(self, group: tuple[int, str], masked: Sequence[str]) -> Template:
        alike = self._groups.get(group)
        if alike is not None and len(alike) >= _MAX_ALIKE:
            self._forget(next(iter(alike.values())))
        elif len(self.templates) >= self._most:
            self._forget(next(iter(self.templates.values())))
        self._number += 1
        words = [None if word == WILD else word for word in masked]
        template = Template(self._number, words, group, words.count(None))
        self._put(template)
        return template

    def _put(self, template: Template) -> None:
        if template.group not in self._groups:
            self._groups[template.group] = OrderedDict()
            self._beginnings[template.group[0]] = self._beginnings.get(template.group[0], 0) + 1
        self._groups[template.group][template.number] = template
        self.templates[template.number] = template

    def _forget(self, template: Template) -> None:
        self.forgotten += 1
        del self.templates[template.number]
        alike = self._groups[template.group]
        del alike[template.number]
        if not alike:
            del self._groups[template.group]
            self._beginnings[template.group[0]] -= 1

    def as_json(self) -> dict[str, Any]:
        templates = [[each.number, each.words, each.group[1]] for each in self.templates.values()]
        return {"number": self._number, "forgotten": self.forgotten, "templates": templates}

    def restore(self, saved: dict[str, Any]) -> None:
        if len(saved["templates"]) > self._most:
            raise ValueError("too many templates")
        self._number, self.forgotten = saved["number"], saved["forgotten"]
        for number, words, first in saved["templates"]:
            self._put(Template(number, words, (len(words), first), words.count(None)))


def _without_structures(line: str) -> str:
    """Objects and lists, as programs print them, are values however many words they have."""
    if "=" in line and "(" in line:
        for _ in range(_DEEPEST):
            line, found = _OBJECT.subn(WILD, line)
            if not found:
                break
    if "[" in line and "," in line:
        line = _LIST.sub(f"[{WILD}]", line)
    return _UNENDING.sub(WILD, line) if "(" in line or "{" in line else line


def _masked(word: str) -> str:
    return _MASK.sub(WILD, word) if _MAY_VARY.search(word) else word


def numbers(mined: Mined, most: int) -> list[tuple[int, float]]:
    """The numbers that stand where the template is open, by their place: the first so many."""
    found: list[tuple[int, float]] = []
    for at, word in enumerate(mined.template.words):
        if word is None or WILD in word:
            value = _number(mined.words[at])
            if value is not None:
                found.append((at, value))
                if len(found) == most:
                    break
    return found


_NUMBER = re.compile(r"(?:\D*[^\w-])?(-?\d{1,15}(?:\.\d{1,15})?)(?:ms|us|µs|ns|s|m|h|[kKMGT]?i?[bB])?\W*")


def _number(word: str) -> float | None:
    """Of a word with one number in it, such as ``took=12.5ms``."""
    match = _NUMBER.fullmatch(word)
    return float(match[1]) if match else None
