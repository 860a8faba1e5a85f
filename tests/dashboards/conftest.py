"""The metrics that a scrape of the gateway shows, with their labels."""

import asyncio
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.config import Config


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By the names that are asked for, such as ``…_bucket``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("exported"))
        return asyncio.run(_exported(folder))


async def _exported(folder: Path) -> dict[str, set[str]]:
    (folder / "policies").mkdir()
    (folder / "policies" / "default.yaml").write_text("name: default\n")
    gateway = Gateway(Config.model_validate({"policies": {"dir": folder / "policies"}}, strict=False), ())
    gateway._journal.close()
    found: dict[str, set[str]] = {}
    for collector in gateway._instruments.registry._collector_to_names:
        stated = getattr(collector, "_labels", None) or getattr(collector, "_labelnames", ())
        for metric in collector.collect():
            if metric.name.startswith("oddgate_"):
                labels = {*stated, *(label for sample in metric.samples for label in sample.labels)}
                found |= dict.fromkeys(_asked_for(metric.name, metric.type), labels)
    return found


def _asked_for(name: str, kind: str) -> list[str]:
    if kind == "histogram":
        return [f"{name}_bucket", f"{name}_sum", f"{name}_count"]
    return [f"{name}_total" if kind == "counter" else name]
