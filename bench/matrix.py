"""The bypass matrix: a value at every place of every surface, written in every way, and what becomes of it."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.driving import answer, ask, patterns, plan_of, stream, texts, whole_texts, wire
from bench.surfaces import CASES, Case
from gateway.guard.plan import Plan

VALUES = ("john.smith@example.com", "4111 1111 1111 1111")
ENTITIES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS")
"""What the default policy finds by its form."""
WRITINGS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "zero-width": lambda value: "\u200b".join(value),
    "homoglyph": lambda value: value.replace("o", "\u043e").replace("1", "\uff11").replace("e", "\u0435"),
    "full-width": lambda value: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value),
    "percent": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()) if " " not in value else quote(value),
    "base64": lambda value: base64.b64encode(f"my value is {value} ok".encode()).decode(),
}
SPLIT = "split"
"""Over the parts of one message, and over messages that follow each other; a stream brings every text a character at a time."""
PLACES = ("system", "user", "history", "arguments", "results", "definitions", "reasoning", "parts", "output", "n=2", "n=3", "n=4")
_BEGIN, _END = "<!-- matrix: written by `python -m bench matrix --write README.md` -->", "<!-- matrix ends -->"
_TITLES = {"arguments": "tool arguments", "results": "tool results", "definitions": "tool definitions"}


@dataclass(frozen=True, slots=True)
class Plans:
    """A rule that rewrites all that is found, and one that blocks it."""

    redacting: Plan
    blocking: Plan


@dataclass(frozen=True, slots=True)
class Cell:
    """``inspected``: rewritten by the one rule and stopped by the other. ``refused``: stopped by both, for it cannot be rewritten there."""

    surface: str
    way: str
    place: str
    writing: str
    outcome: str

    @property
    def is_bypass(self) -> bool:
        return self.outcome not in ("inspected", "refused")


Judge = Callable[[Case, str, str, str, Plans], str]
"""What becomes of a value (the last but one is how it is written) at a place."""


def plans(cache_dir: Path) -> Plans:
    detectors = patterns(cache_dir, ENTITIES)
    return Plans(plan_of("redact", detectors), plan_of("block", detectors))


def cells(guards: Plans) -> Iterator[Cell]:
    for case in CASES:
        for way, places, judge in (
            ("request", case.asks, judge_request), ("answer", case.all_answers, judge_answer), ("stream", case.all_streams, judge_stream),
        ):  # fmt: skip
            for place in places:
                for writing in (*WRITINGS, SPLIT):
                    if outcome := judged(case, place, writing, guards, judge):
                        yield Cell(case.surface, way, place, writing, outcome)


def judged(case: Case, place: str, writing: str, guards: Plans, judge: Judge) -> str:
    """The worst that becomes of any value; nothing where a value cannot be written so."""
    if writing == SPLIT:
        return judge_split(case, place, guards) if judge is judge_request else ""
    outcomes = {judge(case, place, value, WRITINGS[writing](value), guards) for value in VALUES}
    return min(outcomes, key=lambda outcome: ("inspected", "refused").index(outcome) + 1 if outcome in ("inspected", "refused") else 0)


def judge_request(case: Case, place: str, value: str, hidden: str, guards: Plans) -> str:
    body = case.asks[place](_text(hidden))
    if ask(case, body, guards.blocking) is not None:
        return "not blocked"
    out = ask(case, body, guards.redacting)
    return "refused" if out is None else _outcome([json.dumps(json.loads(out), ensure_ascii=False)], value, hidden)


def judge_answer(case: Case, place: str, value: str, hidden: str, guards: Plans) -> str:
    body = case.all_answers[place](_text(hidden))
    if answer(case, body, guards.blocking) is not None:
        return "not blocked"
    out = answer(case, body, guards.redacting)
    return "refused" if out is None else _outcome(whole_texts(case, out), value, hidden)


def judge_stream(case: Case, place: str, value: str, hidden: str, guards: Plans) -> str:
    text = json.dumps({"note": _text(hidden)}) if place == "arguments" else _text(hidden)
    chunks = wire(case, case.all_streams[place](list(text)))
    out, is_stopped = stream(case, chunks, guards.blocking)
    if not is_stopped or _leaks(_said(case, out), value, hidden):
        return "not blocked"
    out, is_stopped = stream(case, chunks, guards.redacting)
    return "refused" if is_stopped else _outcome(_said(case, out), value, hidden)


def judge_split(case: Case, place: str, guards: Plans) -> str:
    """Cut anywhere within it, over the parts of a message or over two messages."""
    for value in VALUES:
        for middle in range(4, len(value) - 3):
            body = _split(case, place, f"Please note {value[:middle]}", f"{value[middle:]} for me.")
            if body is None:
                return ""
            if ask(case, body, guards.blocking) is not None:
                return "not blocked"
            out = ask(case, body, guards.redacting)
            if out is None or value[:middle] in out.decode() or value[middle:] in out.decode():
                return "not rewritten"
    return "inspected"


def _split(case: Case, place: str, first: str, rest: str) -> Any:
    """A body with a text in two halves, where a reader would take them for one."""
    whole = case.asks[place](first)
    body = whole["body"] if case.is_rows else whole
    key = "input" if case.surface == "responses" else "messages"
    if place == "user" and case.surface == "responses":
        body[key] = [{"role": "user", "content": first}]
    if place == "parts" and isinstance(body.get(key), list):
        part = body[key][0]["content"][-1]
        body[key][0]["content"] = [part, {**part, "text": rest}]
    elif place == "user" and isinstance(body.get(key), list):
        body[key] += [{"role": "user", "content": rest}]
    else:
        return None
    return whole


def _text(hidden: str) -> str:
    return f"Please note {hidden} for me."


def _said(case: Case, sent: bytes) -> list[str]:
    """The texts of a stream as they stand, also where it was stopped in the middle of JSON."""
    try:
        return list(texts(case, sent).values())
    except json.JSONDecodeError:
        return [sent.decode()]


def _leaks(said: list[str], value: str, hidden: str) -> bool:
    return any(hidden in one or value in one for one in said)


def _outcome(said: list[str], value: str, hidden: str) -> str:
    return "inspected" if not _leaks(said, value, hidden) and any("note [" in one for one in said) else "not rewritten"


def table(found: list[Cell]) -> str:
    """The cells in Markdown: for each place in how many ways of writing the value was found."""
    places = [place for place in PLACES if any(cell.place == place for cell in found)]
    lines = [f"| | {' | '.join(_TITLES.get(place, place) for place in places)} |", f"|---|{'---|' * len(places)}"]
    for (surface, way), row in groupby(found, key=lambda cell: (cell.surface, cell.way)):
        by_place: dict[str, list[Cell]] = {}
        for cell in row:
            by_place.setdefault(cell.place, []).append(cell)
        lines.append(f"| {surface}, {way} | {' | '.join(_entry(by_place.get(place, [])) for place in places)} |")
    return "\n".join(lines)


def _entry(written: list[Cell]) -> str:
    if not written:
        return ""
    refused = sum(cell.outcome == "refused" for cell in written)
    found = sum(not cell.is_bypass for cell in written)
    return f"{found}/{len(written)}" + (f" ({refused} refused)" if refused else "")


def summary(found: list[Cell]) -> str:
    counts = Counter("bypass" if cell.is_bypass else cell.outcome for cell in found)
    return f"{len(found)} cells: {counts['inspected']} inspected, {counts['refused']} refused, {counts['bypass']} bypassed"


def write_table(file: Path, found: list[Cell]) -> None:
    """Between the two marks that the file has for it."""
    before, _, rest = file.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    if not after:
        raise SystemExit(f"{file} has no room for the table: {_BEGIN} … {_END}")
    file.write_text(f"{before}{_BEGIN}\n{table(found)}\n\n{summary(found)}.\n{_END}{after}")
