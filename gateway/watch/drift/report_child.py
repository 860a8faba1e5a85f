"""A process of its own that has Evidently set two windows side by side: it takes tables from its standard input, writes a page if it is
given the name of a file, and says of each column whether it has drifted. With ``--each`` it does so line by line, without a page. It
reaches no network, and reports its use to nobody.
"""

import os
import sys
from pathlib import Path
from typing import Any

import orjson

EACH = "--each"
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request")
_POLICY = (
    b"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'none'\">"
)
"""Nothing that the page says makes a browser load anything."""


def main(out: str | None) -> None:
    sys.addaudithook(_without_network)
    os.environ["DO_NOT_TRACK"] = "1"
    if out == EACH:
        for line in sys.stdin.buffer:
            sys.stdout.buffer.write(orjson.dumps(columns(compare(orjson.loads(line)).dict())) + b"\n")
            sys.stdout.buffer.flush()
        return
    said = orjson.loads(sys.stdin.buffer.read())
    snapshot = compare(said)
    if out:
        Path(out).write_bytes(page(snapshot.get_html_str(as_iframe=False)))
    sys.stdout.buffer.write(orjson.dumps(columns(snapshot.dict())))


def _without_network(event: str, _: tuple[Any, ...]) -> None:
    if event in _NETWORK:
        raise PermissionError("the network is not for reports")


def compare(said: dict[str, Any]) -> Any:  # noqa: ANN401 the library's own
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numeric, categorical = said["numeric"], said["categorical"]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
    frames = []
    for window in ("current", "reference"):
        frame = pd.DataFrame({name: said[window][name] for name in (*numeric, *categorical)})
        frames.append(Dataset.from_pandas(frame.astype(dict.fromkeys(numeric, float)), definition))
    return Report([DataDriftPreset()]).run(*frames)


def columns(said: dict[str, Any]) -> dict[str, Any]:
    """Of the library's own words on each column: the method, its threshold, the value, and whether that is beyond it."""
    found = {}
    for metric in said["metrics"]:
        config, value = metric.get("config", {}), metric.get("value")
        if "column" not in config or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        method, threshold = str(config.get("method", "")), config.get("threshold")
        is_chance = "p_value" in method
        number = float(value)  # the library's own numbers are not all of Python's
        drifted = None if threshold is None else bool(number < threshold if is_chance else number >= threshold)
        found[config["column"]] = {"method": method, "threshold": threshold, "value": round(number, 6), "drifted": drifted}
    return found


def page(html: str) -> bytes:
    """As the library makes it, and so that it loads nothing from anywhere."""
    content = html.encode()
    head = content.find(b"<head>")
    at = head + len(b"<head>") if head >= 0 else 0
    return content[:at] + _POLICY + content[at:]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
