"""The settings and policies of a site, as its gateway reads them."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.drill.services import NAME
from bench.drill.traffic import key_of, usual

Span = tuple[float, float]
"""Seconds since 1970."""

KEY = "a key of the drill that is long enough"
_LEARNED = 200
"""Exchanges by which drift is learned: a past is half an hour."""
_PII = """\
  - id: pii
    detect: pii
    entities: [EMAIL_ADDRESS, PHONE_NUMBER, CREDIT_CARD]
    action: tokenize
    restore: true
"""
_INJECTION = """\
  - id: injection
    detect: pii
    scope: [user]
    entities: [INJECTION]
    patterns: [{name: INJECTION, regex: 'ignore all previous instructions', score: 0.9}]
    action: block
  - id: leaks
    detect: pii
    scope: [output]
    entities: [ACCESS_KEY]
    patterns: [{name: ACCESS_KEY, regex: '\\bAKIA[A-Z2-7]{16}\\b', score: 0.9}]
    action: redact
"""
_NAMES = """\
  - id: names
    detect: pii
    scope: [user]
    entities: [PERSON]
    action: tokenize
    deadline_ms: 1500
    on_error: block
    on_timeout: block
    on_unavailable: block
"""
_TELEMETRY = """\
  - id: telemetry
    detect: pii
    scope: [telemetry]
    entities: [EMAIL_ADDRESS]
    action: redact
"""
_TOO_MUCH = """\
  - id: words
    detect: pii
    scope: [user]
    entities: [WORD]
    patterns: [{name: WORD, regex: '\\b(?:lamp|kettle|jacket|desk|tent|list|queue|leave)\\b', score: 0.9}]
    action: block
"""


def _policy(name: str, apps: str, *rules: str) -> str:
    return f"name: {name}\ndescription: Of the drill.\napplies_to: {{apps: [{apps}]}}\nrules:\n{''.join(rules)}"


USUAL: Mapping[str, str] = {
    "main": _policy("main", '"*"', _PII, _INJECTION),
    "people": _policy("people", "hr-desk", _PII, _INJECTION, _NAMES),
    "services": _policy("services", NAME, _TELEMETRY),
}
"""Policies by name, of which the first is the default."""
TOO_STRICT = _policy("main", '"*"', _PII, _INJECTION, _TOO_MUCH)
TOO_LAX = _policy("main", '"*"', _INJECTION)


def _period(good: Span | None) -> dict[str, str]:
    if good is None:
        return {}
    start, end = (datetime.fromtimestamp(at, UTC).isoformat() for at in good)
    return {"kind": "period", "start": start, "end": end}


def settings(folder: Path, ports: Mapping[str, int], redis: int | None, learning_h: float, good: Span | None) -> str:
    """As YAML. Drift is learned in the ``good`` time, where there is one: the hours of a day cannot be known from half an hour."""
    west = {"name": "west", "base_url": f"http://127.0.0.1:{ports['west']}", "models": ["gpt-4o-mini"]}
    east = {"name": "east", "base_url": f"http://127.0.0.1:{ports['east']}", "models": ["gpt-4o", "gpt-4o-mini"]}
    times: dict[str, Any] = {"dialect": "openai", "connect_timeout_s": 2, "idle_timeout_s": 6, "timeout_s": 30}
    secret = "whsec_" + base64.b64encode(b"a secret of the drill that is long").decode()
    return json.dumps(
        {
            "policies": {"dir": str(folder / "policies"), "default": "main", "keep_dir": str(folder / "var")},
            "upstreams": [west | times, east | times],
            "routes": [{"models": ["gpt-4o-mini"], "to": ["west", "east"]}, {"models": ["gpt-4o"], "to": ["east"]}],
            "apps": [{"name": app, "key": key_of(app)} for app in (*usual(1), NAME)],
            "labels": {"trust": ["user"]},
            "state": {"url": f"redis://127.0.0.1:{redis}/0" if redis else "memory://"},
            "journal": {"dir": str(folder / "journal")},
            "store": {"url": f"sqlite:///{folder}/oddgate.db", "retain_days": 3660},
            "watch": {"dir": str(folder / "var"), "drift": {"reference": {"least": _LEARNED, **_period(good)}}},
            "telemetry": {"receive": True, "receive_port": ports["received"]},
            "detectors": {"pii": {"cache_dir": str(folder.parent / "cache")}},
            "alerts": {
                "learning_h": learning_h,
                "channels": [{"name": "hook", "kind": "webhook", "url": f"http://127.0.0.1:{ports['hook']}/pages", "secrets": [secret]}],
                "last": ["hook"],
            },
            "secret_key": KEY,
        },
        indent=1,
    )
