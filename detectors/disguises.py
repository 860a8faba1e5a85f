r"""Ways to write that are seen through one character beside the next, in a reading of a text that grows.

``parted`` is shown to every detector: a boundary between a letter of another script and an ASCII letter or digit, where a pattern's ``\b``
sees none (``卡4111…``). The others go on from there, for detectors that ask (``contract.Disguise``):

* ``spaced``: single characters are a word, with one sign between them, or the same sign twice; what stands between two such signs is kept:
  ``F a l c o n``, ``F.a.l.c.o.n``; ``P l a n - B`` is ``Plan-B``, and three spaces are one;
* ``leet``: digits and signs are the letters that they look like (``F4lc0n``), a 1 an i in one reading and an l in another.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from detectors.contract import Disguise
from detectors.mapped import Change, Mapped, unchanged, with_signs
from detectors.plain import BOUNDARY, may_have_boundary

_PARTING = "，"  # nothing that values hold: white space would join two numbers to one
_SIGNS = r"\s._\-*/|~+,:;·•"
_SPACED = re.compile(rf"(?<=[^\W_])(?<![^\W_][^\W_])(?P<sign>[{_SIGNS}])(?P=sign)?(?:(?P<kept>[\W_])(?P=sign){{1,2}})?(?=[^\W_](?![^\W_]))")
_LEET = re.compile(r"[0-9]|[@$!|+€£](?=[0-9A-Za-z@$!|+€£])")  # at a word's end it is punctuation
_LETTERS = dict(zip("023456789@$+€£", "ozeasgtbgastel", strict=True))
_LIKE_I = _LETTERS | dict.fromkeys("1!|", "i")
_LIKE_L = _LETTERS | dict.fromkeys("1!|", "l")


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of a text: ``pattern`` sees ``behind`` characters before a place, and has to see ``ahead`` from it on.

    ``source`` names the look that this one goes on from; None is the text itself. A detector that asks for all of ``asked`` is shown it.
    """

    name: str
    asked: frozenset[Disguise]
    source: str | None
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str]
    behind: int
    ahead: int


def _leet(name: str, source: str, letters: Mapping[str, str], *asked: Disguise) -> Look:
    return Look(name, frozenset(asked), source, _LEET, lambda found: letters[found[0]], 0, 2)


LOOKS = (
    Look("parted", frozenset(), None, BOUNDARY, lambda found: _PARTING + found[0], 1, 0),
    Look("spaced", frozenset({"spaced"}), "parted", _SPACED, lambda found: found["kept"] or "", 2, 7),
    _leet("leet with i", "parted", _LIKE_I, "leet"),
    _leet("leet with l", "parted", _LIKE_L, "leet"),
    _leet("spaced leet with i", "spaced", _LIKE_I, "spaced", "leet"),
    _leet("spaced leet with l", "spaced", _LIKE_L, "spaced", "leet"),
)
"""Each behind its source."""


@dataclass(frozen=True, slots=True)
class Part:
    """The next of a text, as it stands where there is no ``mapped``; ``length`` is how many characters of the original it stands for."""

    text: str
    mapped: Mapped | None
    length: int


_NOTHING = Part("", None, 0)


class View:
    """A text that grows, as one look sees it: by the characters around each place alone, however they arrive."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._before = ""
        self._held = _NOTHING

    def copy(self) -> "View":
        """Another one that has seen the same so far."""
        made = View(self.look)
        made._before, made._held = self._before, self._held
        return made

    def feed(self, part: Part, *, closed: bool) -> Part:
        """What is seen for good: ``part`` itself, where a look that need not wait sees nothing else in it."""
        if not self.look.ahead:
            return self._at_once(part)
        part = joined((self._held, part)) if self._held.text else part
        changes, cut = self._changes(part.text, len(part.text) if closed else max(0, len(part.text) - self.look.ahead))
        first, self._held = _divided(part, cut)
        self._before = (self._before + first.text)[-self.look.behind :] if self.look.behind else ""
        return _changed(first, changes)

    def passes(self, text: str) -> bool:
        """Whether a look that need not wait sees nothing else in what comes next, which it has then seen."""
        before = self._before
        if (text.isascii() and before.isascii()) or not may_have_boundary(before + text):
            self._before = text[-1:] or before
            return True
        return False

    def _at_once(self, part: Part) -> Part:
        text, before = part.text, self._before
        if self.passes(text):
            return part
        self._before = text[-1:]
        places = [found.start() - len(before) for found in BOUNDARY.finditer(before + text, len(before))]
        if not places:
            return part
        if part.mapped is None:
            mapped = with_signs(text, places, _PARTING)
        else:
            mapped = part.mapped.changed((place, place + 1, _PARTING + text[place]) for place in places)
        return Part(mapped.text, mapped, part.length)

    def _changes(self, text: str, upto: int) -> tuple[list[Change], int]:
        """Those that begin before ``upto``, and where the last one ends if that is behind it."""
        first, changes = len(self._before), []
        for found in self.look.pattern.finditer(self._before + text, first):
            if found.start() - first >= upto:
                break
            changes.append((found.start() - first, found.end() - first, self.look.read(found)))
        return changes, max(upto, changes[-1][1]) if changes else upto


def joined(parts: Sequence[Part]) -> Part:
    """Parts that follow each other, as one."""
    if len(parts) == 1:
        return parts[0]
    text, length = "".join([part.text for part in parts]), sum(part.length for part in parts)
    if not any(part.mapped for part in parts):
        return Part(text, None, length)
    starts, ends, at = list[int](), list[int](), 0
    for part in parts:
        if part.mapped:
            starts += [at + start for start in part.mapped.starts]
            ends += [at + end for end in part.mapped.ends]
        else:
            starts += range(at, at + part.length)
            ends += range(at + 1, at + part.length + 1)
        at += part.length
    return Part(text, Mapped(text, starts, ends), length)


def _divided(part: Part, cut: int) -> tuple[Part, Part]:
    """Where the cut lies in what stands for one run, the first is of length none of it."""
    if cut == len(part.text):
        return part, _NOTHING
    if part.mapped is None:
        return Part(part.text[:cut], None, cut), Part(part.text[cut:], None, part.length - cut)
    text, starts, ends = part.text, part.mapped.starts, part.mapped.ends
    at = starts[cut]
    rest = Mapped(text[cut:], [start - at for start in starts[cut:]], [end - at for end in ends[cut:]])
    return Part(text[:cut], Mapped(text[:cut], starts[:cut], ends[:cut]), at), Part(text[cut:], rest, part.length - at)


def _changed(part: Part, changes: list[Change]) -> Part:
    if not changes:
        return part
    mapped = (part.mapped or unchanged(part.text)).changed(changes)
    return Part(mapped.text, mapped, part.length)
