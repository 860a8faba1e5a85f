"""Surface invariance: one text has one verdict and one edited form on every surface, streamed or not, however text and bytes are cut.

Each text is random by the run's seed and its own number, so a violation can be run again by itself: ``--seed S --only NUMBER``.
"""

import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path
from random import Random

from bench.driving import KEY, answer, ask, cut, cut_bytes, plan_of, read, stream, texts, whole_texts, wire
from bench.payloads import VALUES, payload, places
from bench.surfaces import BENIGN, CASES, CHAT, MESSAGES, RESPONSES, Case
from bench.surfaces.case import Pieces
from detectors.finding import Finding
from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.pii import PiiPatterns
from gateway.guard.plan import Plan
from gateway.guard.tokens import Tokens
from gateway.wire.model import Form

_SPLITS_A_TEXT = 50
_BLOCKED_SHARE = 0.25
_RESTORED = ("mary.jones@example.org", "+1 212-736-5000", "4012 8888 8888 1881")
_MAX_SHOWN = 10
_ASIDE = frozenset({BENIGN, "note", "r1", "c2ln", "content_filter"})
"""What the bodies say besides the text, and ours of a stream that was stopped."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What went wrong, and how to see it again: ``number`` is the text's, of the run with that seed."""

    surface: str
    what: str
    seed: int
    number: int
    text: str
    cuts: list[list[int]]
    expected: str
    got: list[str]


@dataclass(slots=True)
class Tally:
    splits: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.splits += other.splits
        self.violations += other.violations


class _Remembering(PiiPatterns):
    """Does not look through a text twice: what it finds depends on nothing else."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._remembered = lru_cache(maxsize=65_536)(super().scan)

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        return list(self._remembered(text, start))


@dataclass(frozen=True, slots=True)
class Setting:
    """What every text is judged with."""

    redacting: Plan
    blocking: Plan
    tokens: Tokens
    placeholders: tuple[str, ...]

    @classmethod
    def of(cls, cache_dir: Path) -> "Setting":
        detectors = [_Remembering(PATTERN_ENTITIES, (), str(cache_dir))]
        tokens = Tokens(KEY, "app")
        tokenising = plan_of("tokenize", detectors, entities=["EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD"])
        written = [_text_of(ask(CHAT, CHAT.asks["user"](value), tokenising, tokens)) for value in _RESTORED]
        return cls(plan_of("redact", detectors), plan_of("block", detectors), tokens, tuple(written))


def _text_of(body: bytes | None) -> str:
    assert body
    return read(CHAT, body).segments[0].text


@dataclass(slots=True)
class Trial:
    """One text on all surfaces."""

    setting: Setting
    seed: int
    number: int
    splits: int = _SPLITS_A_TEXT
    random: Random = field(init=False)
    text: str = field(init=False)
    expected: str = field(init=False)
    restored: str = field(init=False)
    is_blocked: bool = field(init=False)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.seed}/{self.number}")
        self.text = payload(self.random, self.setting.placeholders)
        body = CHAT.answers["output"](self.text)
        self.expected = self._answered(CHAT, self.setting.redacting, body)[0]
        self.restored = self._answered(CHAT, plan_of("flag", ()), body)[0]
        self.is_blocked = answer(CHAT, body, self.setting.blocking, self.setting.tokens) is None

    def run(self) -> Tally:
        asked = _text_of(ask(CHAT, CHAT.asks["user"](self.text), self.setting.redacting, self.setting.tokens))
        for case in CASES:
            self._ask(case, asked)
            self._answer(case)
            while self.tally.splits[case.surface] < self.splits:
                self._split(case, asked)
        return self.tally

    def _ask(self, case: Case, asked: str) -> None:
        for place, build in case.asks.items():
            self._ask_at(case, place, asked, [])
            if place == "user":
                is_blocked = ask(case, build(self.text), self.setting.blocking, self.setting.tokens) is None
                self._hold(case, f"request, {place}, blocked", [], str(asked != self.text), [str(is_blocked)])

    def _ask_at(self, case: Case, place: str, asked: str, cuts: list[int]) -> None:
        body = case.asks[place](self.text)
        request = read(case, body)
        (index,) = [index for index, each in enumerate(request.segments) if each.text == self.text and each.form is not Form.KEY]
        out = ask(case, body, self.setting.redacting, self.setting.tokens, cuts)
        self._hold(case, f"request, {place}", [cuts], asked, ["blocked" if out is None else read(case, out).segments[index].text])

    def _answer(self, case: Case) -> None:
        for place, build in case.all_answers.items():
            said = self._answered(case, self.setting.redacting, build(self.text))
            self._hold(case, f"answer, {place}", [], self.expected, said)
            is_blocked = answer(case, build(self.text), self.setting.blocking, self.setting.tokens) is None
            self._hold(case, f"answer, {place}, blocked", [], str(self.is_blocked), [str(is_blocked)])

    def _answered(self, case: Case, plan: Plan, body: object) -> list[str]:
        out = answer(case, body, plan, self.setting.tokens)
        return ["blocked"] if out is None else [_meant(one) for one in whole_texts(case, out) if one not in _ASIDE]

    def _split(self, case: Case, asked: str) -> None:
        """In a stream of one to four choices, or at another place of one; an upload and a surface without streams have requests only."""
        if not case.streams or (case.is_rows and self.random.random() < 0.5):
            place = self.random.choice(tuple(case.asks))
            self._ask_at(case, place, asked, places(self.random, 1000))
            self.tally.splits[case.surface] += 1
            return
        place = self.random.choice(("n", "n", *case.streams))
        number = self.random.choice((1, 2, 3, 3, 4, 4)) if place == "n" else 1
        text = json.dumps({"note": self.text}, ensure_ascii=self.random.random() < 0.5) if place == "arguments" else self.text
        cuts = [places(self.random, len(text)) for _ in range(number)]
        pieces = [cut(text, each) for each in cuts]
        events = case.chosen(_apart(case, pieces)) if place == "n" and case.chosen else case.streams[place](pieces[0])
        sent = b"".join(wire(case, events, is_ascii=self.random.random() < 0.5))
        cuts.append(places(self.random, len(sent)))
        self._stream(case, f"stream, {place}", cuts, cut_bytes(sent, cuts[-1]))
        self.tally.splits[case.surface] += number

    def _stream(self, case: Case, what: str, cuts: list[list[int]], chunks: list[bytes]) -> None:
        if self.random.random() < _BLOCKED_SHARE:
            out, is_stopped = stream(case, chunks, self.setting.blocking, self.setting.tokens)
            self._hold(case, f"{what}, blocked", cuts, str(self.is_blocked), [str(is_stopped)])
            if is_stopped:
                self._hold_unsaid(case, what, cuts, out)
            return
        out, is_stopped = stream(case, chunks, self.setting.redacting, self.setting.tokens)
        said = ["blocked"] if is_stopped else [_meant(one) for one in texts(case, out).values() if one not in _ASIDE]
        self._hold(case, what, cuts, self.expected, said)

    def _hold_unsaid(self, case: Case, what: str, cuts: list[list[int]], out: bytes) -> None:
        """Of a stream that was stopped no more has gone out than stands before the first thing that was found."""
        if case.is_rows or what.endswith("arguments"):
            return
        before = _common_start(self.expected, self.restored)
        said = [one for one in texts(case, out).values() if one not in _ASIDE and not before.startswith(one) and not BENIGN.startswith(one)]
        self._hold(case, f"{what}, before the stop", cuts, before, said or [before])

    def _hold(self, case: Case, what: str, cuts: list[list[int]], expected: str, got: list[str]) -> None:
        if set(got) != {expected}:
            self.tally.violations.append(Violation(case.surface, what, self.seed, self.number, self.text, cuts, expected, got))


def _apart(case: Case, pieces: Pieces) -> Pieces:
    """Texts of one answer are read as one, and two of them may make a value where they meet: there a benign one stands between."""
    return [each for one in pieces for each in ([BENIGN], one)][1:] if case in (MESSAGES, RESPONSES) else pieces


def _meant(text: str) -> str:
    """The note in a tool call's arguments; any other text as it stands."""
    if text.startswith('{"note":'):
        try:
            return json.loads(text)["note"]
        except ValueError:
            pass
    return text


def _common_start(one: str, other: str) -> str:
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(char for char, _ in same)


_SETTING: list[Setting] = []


def _start(cache_dir: Path) -> None:
    _SETTING.append(Setting.of(cache_dir))


def _run(seed: int, number: int) -> Tally:
    return Trial(_SETTING[0], seed, number).run()


def _tallies(splits: int, seed: int, only: int | None, cache_dir: Path, processes: int) -> Iterator[Tally]:
    if only is not None:
        yield Trial(Setting.of(cache_dir), seed, only).run()
        return
    numbers = range(-(-splits // _SPLITS_A_TEXT))
    with multiprocessing.get_context("spawn").Pool(processes, _start, (cache_dir,)) as pool:
        yield from pool.imap_unordered(partial(_run, seed), numbers, chunksize=4)


def invariance(splits: int, seed: int, only: int | None = None, cache_dir: Path = Path("var/cache"), processes: int = 2) -> dict:
    """At least so many splittings a surface. ``only``: the text of that number alone."""
    tally, shown, began = Tally(), 0, time.monotonic()
    for done in _tallies(splits, seed, only, cache_dir, processes):
        tally.add(done)
        for violation in tally.violations[shown:_MAX_SHOWN]:
            print(f"\n{json.dumps(asdict(violation), ensure_ascii=True)}")
        shown = min(len(tally.violations), _MAX_SHOWN)
        print(f"\r{_progress(tally, splits)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    _print(tally)
    return {
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
        "splits": dict(tally.splits),
        "values": len(VALUES),
        "violations": [asdict(each) for each in tally.violations],
    }


def _progress(tally: Tally, splits: int) -> str:
    return f"{min(tally.splits.values()):>8,} of {splits:,} splittings a surface, {len(tally.violations)} violations"


def _print(tally: Tally) -> None:
    wrong = Counter(each.surface for each in tally.violations)
    print(f"\n{'surface':<16}{'splittings':>12}{'violations':>12}")
    for surface, number in tally.splits.items():
        print(f"{surface:<16}{number:>12,}{wrong[surface]:>12,}")
