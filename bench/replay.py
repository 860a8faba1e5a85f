"""How long ``oddgate policy replay`` takes for 100,000 exchanges: from texts, unknown and then remembered, and from the journal."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter
from typing import Any

from bench.payloads import VALUES

EXCHANGES = 100_000
AIM_S = 60.0
"""With what detectors find remembered, on one core."""
_SENTENCE = (
    "please could you tell me how the order of last week is doing because it has not come yet and the shop says that it was sent out "
    "on monday with the usual parcel service to our office where nobody has seen it so far although we were there all day long"
)
_SCOPES = ("system", "user", "assistant", "user", "output")
_ENTITIES = "[EMAIL_ADDRESS, PHONE_NUMBER, CREDIT_CARD, US_SSN, IBAN_CODE, IP_ADDRESS]"
_OLD = f"""
name: support
rules:
- {{id: pii, detect: pii, scope: [system, user, assistant], entities: {_ENTITIES}, action: tokenize}}
- {{id: answers, detect: pii, scope: [output], entities: [CREDIT_CARD, US_SSN, IBAN_CODE], action: flag}}
"""
_NEW = f"""
name: support
expect: {{max_block_rate_increase: 0.5}}
domain:
  input: {{max_chars: 2000}}
rules:
- {{id: pii, detect: pii, scope: [system, user, assistant], entities: {_ENTITIES}, action: tokenize}}
- {{id: cards, detect: pii, scope: [user], entities: [CREDIT_CARD], action: block, when: 'exchange.app != "shop"'}}
- {{id: answers, detect: pii, scope: [output], entities: [CREDIT_CARD, US_SSN], action: redact}}
"""


def replay(exchanges: int = EXCHANGES) -> dict[str, Any]:
    """Figures of three runs, each a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "old.yaml").write_text(_OLD)
        (folder / "new.yaml").write_text(_NEW)
        texts, journal = folder / "texts.jsonl", folder / "journal.jsonl"
        version = _run(folder, texts, [], prepare=True)["against"]
        _write(texts, _exchanges(exchanges))
        _write(journal, _records(exchanges, version))
        found = {
            "texts_unknown": _run(folder, texts, []),
            "texts_remembered": _run(folder, texts, []),
            "journal": _run(folder, journal, ["--no-cache"]),
        }
    for run, figures in found.items():
        rate = figures["exchanges"]["read"] / figures["cpu_s"]
        print(f"{run:<18} {figures['wall_s']:.1f} s, {figures['cpu_s']:.1f} s of them on a core: {rate:,.0f} exchanges a second")
        print(f"{'':<18} decision µs {json.dumps(figures['decision_us'])}")
    slowest = max(found[run]["cpu_s"] for run in ("texts_remembered", "journal"))
    print(f"aim                {AIM_S:.0f} s for {EXCHANGES:,}: {'kept' if slowest * EXCHANGES / exchanges <= AIM_S else 'missed'}")
    return {"replay": found}


def _run(folder: Path, source: Path, options: list[str], *, prepare: bool = False) -> dict[str, Any]:
    if prepare:
        _write(source, _exchanges(1))
    command = [
        sys.executable,
        "-m",
        "gateway.cli.main",
        "policy",
        "replay",
        str(folder / "new.yaml"),
        "--against",
        str(folder / "old.yaml"),
    ]
    start, used = perf_counter(), _cpu_s()
    done = subprocess.run(
        [*command, "--from", str(source), "--json", *options],
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode == 2:
        sys.exit("replay could not be run")
    return {"wall_s": perf_counter() - start, "cpu_s": _cpu_s() - used, **json.loads(done.stdout)}


def _cpu_s() -> float:
    """Of the processes that ran, which need not have had a core to themselves."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _exchanges(count: int) -> Iterator[dict[str, Any]]:
    """Five texts each, about 1,000 characters, no two alike; a value in every sixth text."""
    random = Random(1)
    for number in range(count):
        texts = [{"scope": scope, "text": _text(random, number)} for scope in _SCOPES]
        yield {**_head(random, number), "asked": {"messages": 4, "max_tokens": 500, "tools": []}, "texts": texts}


def _text(random: Random, number: int) -> str:
    said = _SENTENCE.split()
    words = [random.choice(said) for _ in range(36)]
    if random.random() < 1 / 6:
        words.insert(random.randrange(36), random.choice(VALUES))
    return f"{' '.join(words)} no. {number}"


def _head(random: Random, number: int) -> dict[str, Any]:
    app = random.choice(("support", "shop", "office"))
    return {"request_id": f"r{number}", "app": app, "model": "m", "surface": "chat", "ts": 1795341600.0 + number}


def _records(count: int, version: str) -> Iterator[dict[str, Any]]:
    """As the gateway writes them: four texts asked, one answered, a finding in every other exchange."""
    random = Random(2)
    for number in range(count):
        places = [f"messages.{index}.content" for index in range(4)]
        rows = [
            {"scope": scope, "inspected_by": ["pii"], "texts": len(at), "chars": 200 * len(at), "places": at}
            for scope, at in (("system", places[:1]), ("user", places[1::2]), ("assistant", places[2:3]))
        ]
        answer = [{"scope": "output", "inspected_by": ["answers"], "texts": 1, "chars": 300, "places": ["0.content"]}]
        found = [_finding(random, places)] if random.random() < 0.5 else []
        yield {
            **_head(random, number),
            "policy": version,
            "decision": "redact" if found else "allow",
            "findings": found,
            "findings_total": len(found),
            "coverage": {"request": rows, "response": answer},
            "uninspectable": [],
        }


def _finding(random: Random, places: list[str]) -> dict[str, Any]:
    kind = random.choice(("pii.EMAIL_ADDRESS", "pii.CREDIT_CARD"))
    at = {"place": random.choice(places[1::2]), "scope": "user", "start": 10, "end": 30}
    return {"rule": "pii", "kind": kind, **at, "score": 1.0, "action": "tokenize", "shadow": False, "why": "match", "fingerprint": "f"}
