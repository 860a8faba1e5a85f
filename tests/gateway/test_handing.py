"""What a watch beside a gateway hands to the one that tells people."""

from collections.abc import Sequence
from pathlib import Path

from gateway.handing import Handing
from gateway.incidents.symptom import Symptom, from_bytes
from gateway.telemetry.condition import Condition

NOW = 1_795_000_000.0


def test_what_is_wrong(tmp_path: Path):
    """Of the watch's figures and of the gateway's, every ten seconds while it is so, with the host; nothing of what is well."""
    now, handed = NOW, []

    def take(symptoms: Sequence[bytes]) -> None:
        if now > NOW + 40:
            raise OSError(110, "away")
        handed.extend((now - NOW, from_bytes(each)) for each in symptoms)

    handing, told = Handing(tmp_path, "h1", take, lambda: now, lambda: now), Condition(tmp_path)
    for second in range(60):
        now = NOW + second
        told.say({"journal_errors": float(second), "vault_errors": 0.0}, now)
        handing.hear({"store_errors": 0.0, "lag_bytes": 0.0})
    told.close()
    assert [at for at, _ in handed] == [10, 20, 30, 40]
    symptom: Symptom = handed[0][1]
    assert (symptom.kind, symptom.series, symptom.dimensions) == (
        "failing",
        "journal_errors",
        (("host", "h1"), ("part", "journal"), ("source", "oddgate")),
    )
