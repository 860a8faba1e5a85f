"""Symptoms and incidents to begin with."""

from gateway.incidents.incident import Incident, begin
from gateway.incidents.symptom import Symptom, dimensions

T0 = 1_795_000_000.0
MINUTE = 60.0


def symptom(at: float = T0, **fields: object) -> Symptom:
    """Of errors that a metric has shown, that users see, of one app and model; ``where`` gives the dimensions."""
    where = fields.pop("where", {"app": "shop", "model": "m-1"})
    made = {
        "modality": "metric", "about": "errors", "kind": "level shift", "series": "errors", "dimensions": dimensions(where),
        "onset": at, "at": at, "is_harm": True, **fields,
    }  # fmt: skip
    return Symptom(**made)


def lasting(at: float = T0, **fields: object) -> Symptom:
    """For some minutes already."""
    return symptom(at, **{"onset": at - 300, **fields})


def log_symptom(at: float = T0, **fields: object) -> Symptom:
    return symptom(at, **{"modality": "log", "about": "logs", "kind": "new template", "series": "t-1", "is_harm": False, **fields})


def burn(at: float = T0, **fields: object) -> Symptom:
    where = {"app": fields.pop("app", "shop"), "upstream": fields.pop("upstream", "")}
    return symptom(at, **{"modality": "burn", "kind": "fast burn", "series": "error budget", "is_page": True, "where": where, **fields})


def incident(made_of: Symptom | None = None, now: float = T0) -> Incident:
    return begin(made_of or symptom(now), now)[0]
