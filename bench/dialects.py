"""What each dialect costs beside chat for the same bytes: CPU time of reading, guarding and writing, in this process."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from bench.bodies import paragraph
from bench.driving import answer, ask, dump, memos, stream, wire
from bench.surfaces import CASES, CHAT, Case
from detectors.registry import Catalog
from detectors.text.pii import PiiPatterns
from gateway.guard.plan import Plan, compile_plan
from gateway.wire.generic_json import GenericJson, StreamPlaces
from gateway.wire.jsonpaths import Paths
from policies.load import library, load_policy
from policies.vocabulary import Scope

AIM = 1.3
_TURNS = 20
_EVENTS = 200
_ROWS = 16
"""Of a file, each of them as long as another surface's request or answer."""
_BATCH_S = 0.02
"""How long what is measured at a time shall take, at least, for the clock's sake."""


def _roles(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(("user", "assistant")[turn % 2], text) for turn, text in enumerate(texts)]


def _chat(texts: Sequence[str]) -> Any:
    return {"model": "m", "messages": [{"role": role, "content": text} for role, text in _roles(texts)]}


def _responses(texts: Sequence[str]) -> Any:
    kinds = {"user": "input_text", "assistant": "output_text"}
    return {"model": "m", "input": [{"role": role, "content": [{"type": kinds[role], "text": text}]} for role, text in _roles(texts)]}


HISTORIES: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "chat": _chat,
    "completions": lambda texts: {"model": "m", "prompt": list(texts)},
    "responses": _responses,
    "messages": lambda texts: {"max_tokens": 100, **_chat(texts)},
    "embeddings": lambda texts: {"model": "m", "input": list(texts)},
    "files": lambda texts: {"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": _chat(texts)},
    "generic": lambda texts: {"model": "m", "documents": list(texts)},
}


_CHATTING = GenericJson(
    "generic",
    Paths.of(Scope.USER, {}, ()),
    Paths.of(Scope.OUTPUT, {}, ("$.id",)),
    ("model",),
    StreamPlaces(("choices", 0, "delta", "content"), ("choices", 0, "index"), ("choices", 0, "finish_reason"), "[DONE]"),
)


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that a surface is asked to do, and how many bytes it is about."""

    what: str
    surface: str
    size: int
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """``least_us`` and ``median_us`` are CPU time of one run; ``ratio`` is the median of its rounds' by byte to chat's."""

    what: str
    surface: str
    size: int
    least_us: float
    median_us: float
    ratio: float

    @property
    def is_met(self) -> bool:
        return self.ratio <= AIM


def default_plan(cache_dir: Path) -> Plan:
    """The default policy without its language model, which costs every surface the same."""
    loaded = load_policy(library() / "default.yaml", Catalog())
    return compile_plan(loaded, lambda rule: (PiiPatterns(frozenset(rule.entities or ()) - {"PERSON"}, (), str(cache_dir)),))


def filled(build: Callable[[Sequence[str]], Any], size: int, turns: int, start: int = 0) -> Any:
    """A body of exactly so many bytes. ``start``: where its text begins, so that it is not that of another."""
    texts = [paragraph(size // turns + start, personal=True, start=turn)[start : size // turns + start] for turn in range(turns)]
    missing = size - len(dump(build(texts)))
    if missing < 0:
        texts = [text[: len(text) + (missing // turns)] for text in texts]
        missing = size - len(dump(build(texts)))
    texts[-1] += paragraph(max(missing, 1), personal=False)[:missing]
    return build(texts)


def works(plan: Plan) -> Iterator[Work]:
    for case in CASES:
        history = HISTORIES[case.surface]
        number = _ROWS if case.is_rows else 1
        short = b"\n".join(dump(filled(history, 2048, 1, start)) for start in range(number))
        long = b"\n".join(dump(filled(history, 12_288, _TURNS, start)) for start in range(number))
        yield _request("request, 2 kB", case, plan, short)
        yield _request("history, 12 kB", case, plan, long)
        yield _request("history, 12 kB, known", case, plan, long, is_known=True)
        if case.answers or case.is_rows:
            yield _answer(case, plan)
        if case.chosen and not case.is_rows:
            yield _stream(case, plan)


def _answer(case: Case, plan: Plan) -> Work:
    if case.is_rows:
        rows = [dump(filled(lambda texts: case.streams["output"](texts)[-1], 2048, 1, start)) + b"\n" for start in range(_ROWS)]
        return Work("answer, 2 kB", case.surface, sum(map(len, rows)), lambda: stream(case, rows, plan))
    raw = dump(filled(lambda texts: case.answers["output"](texts[0]), 2048, 1))
    return Work("answer, 2 kB", case.surface, len(raw), lambda: answer(case, raw, plan))


def _stream(case: Case, plan: Plan) -> Work:
    """An endpoint that only the settings know sends what chat's sends, so that its bytes are the same."""
    text = paragraph(5 * _EVENTS, personal=True)[: 5 * _EVENTS]
    pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
    reader = replace(case, dialect=_CHATTING) if case.surface == "generic" else case
    chunks = wire(CHAT, CHAT.streams["output"](pieces)) if case.surface == "generic" else wire(case, case.streams["output"](pieces))
    return Work("stream, 200 events", case.surface, sum(map(len, chunks)), lambda: stream(reader, chunks, plan))


def _request(what: str, case: Case, plan: Plan, raw: bytes, *, is_known: bool = False) -> Work:
    known = memos() if is_known else None
    return Work(what, case.surface, len(raw), lambda: ask(case, raw, plan, memory=known))


def measure(plan: Plan, rounds: int) -> list[Cost]:
    """Each round does everything once, so that what disturbs the machine disturbs all alike."""
    found = list(works(plan))
    times: list[list[float]] = [[] for _ in found]
    batches = [_batch(work.run) for work in found]
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for work, batch, taken in zip(found, batches, times, strict=True):
                taken.append(_timed(work.run, batch) / batch)
            gc.collect()
    finally:
        gc.enable()
    chat = {work.what: (work, taken) for work, taken in zip(found, times, strict=True) if work.surface == CHAT.surface}
    return [
        Cost(work.what, work.surface, work.size, min(taken) * 1e6, median(taken) * 1e6, _ratio(work, taken, *chat[work.what]))
        for work, taken in zip(found, times, strict=True)
    ]


def _ratio(work: Work, taken: list[float], chat: Work, chat_taken: list[float]) -> float:
    """Of what each took by byte in the same round: what disturbs a round disturbs both."""
    return median(one / other for one, other in zip(taken, chat_taken, strict=True)) * chat.size / work.size


def _batch(run: Callable[[], object]) -> int:
    run()
    once = max(_timed(run, 1), 1e-6)
    return max(1, round(_BATCH_S / once))


def _timed(run: Callable[[], object], times: int) -> float:
    began = process_time()
    for _ in range(times):
        run()
    return process_time() - began


def print_costs(costs: Sequence[Cost]) -> None:
    for what in dict.fromkeys(cost.what for cost in costs):
        print(f"\n{what}: CPU µs, and by byte beside chat")
        print(f"  {'':<14}{'bytes':>10}{'least':>10}{'median':>10}{'x chat':>10}")
        for cost in costs:
            if cost.what == what:
                said = "" if cost.is_met else "   missed"
                print(f"  {cost.surface:<14}{cost.size:>10,}{cost.least_us:>10,.0f}{cost.median_us:>10,.0f}{cost.ratio:>10.2f}{said}")
    worst = max(costs, key=lambda cost: cost.ratio)
    print(f"\naim: no dialect over {AIM} x chat for the same bytes; the most is {worst.ratio:.2f} ({worst.surface}, {worst.what})")


def dialects(rounds: int, cache_dir: Path = Path("var/cache")) -> dict:
    costs = measure(default_plan(cache_dir), rounds)
    print_costs(costs)
    return {"rounds": rounds, "costs": [asdict(cost) | {"is_met": cost.is_met} for cost in costs]}
