"""deploy/compose.yaml and what it mounts, without an engine: it says what it should, and everything that it speaks of is there."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import load_config
from tests.architecture.project import ROOT
from tests.dashboards.queries import rules
from tests.support.prometheus import promtool

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
_PINNED = re.compile(r"(?:[a-z0-9-]+/)?[a-z0-9-]+:v?\d+\.\d+\.\d+(?:-[a-z0-9-]+)?")
# Of the compose specification, what is used here.
_KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "ports", "restart", "secrets", "security_opt",
    "stop_grace_period", "volumes",
}  # fmt: skip


def _yaml(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


def _mounts(service: str) -> dict[str, str]:
    """What is mounted, by where it is in the container."""
    mounted = [volume.split(":") for volume in SERVICES[service].get("volumes", ())]
    return {inside: outside for outside, inside, *_ in mounted}


def _command(service: str) -> dict[str, str]:
    return dict(each.removeprefix("--").split("=", 1) for each in SERVICES[service]["command"])


def test_services():
    """Those that it is for, and no key that compose does not know."""
    assert set(SERVICES) == {"gateway", "prometheus", "grafana", "collector"}
    assert set(COMPOSE) == {"name", "services", "volumes", "secrets"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service(name: str):
    """Its image is of one version, its ports are this machine's own, it gains no rights, and what it mounts or waits for is there."""
    service = SERVICES[name]
    assert set(service) <= _KEYS
    assert ("image" in service) != ("build" in service)
    assert "image" not in service or _PINNED.fullmatch(service["image"])
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service.get("ports", ()))
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service.get("depends_on", ())) <= set(SERVICES)
    assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
    for volume in service.get("volumes", ()):
        outside, inside, *mode = volume.split(":")
        assert inside.startswith("/")
        if outside.startswith("."):
            assert (DEPLOY / outside).exists(), outside
            assert mode == ["ro"]
        else:
            assert outside in COMPOSE["volumes"]


def test_no_port_twice():
    """Two services do not want one port."""
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(set(ports)) == len(ports)


def test_no_secrets():
    """What is secret comes from the environment of whoever starts it, as a file."""
    assert COMPOSE["secrets"] == {"admin_token": {"environment": "ODDGATE_ADMIN_TOKEN"}}
    stated = [(key, value) for service in SERVICES.values() for key, value in service.get("environment", {}).items()]
    secret = {key: value for key, value in stated if re.search(r"TOKEN|PASSWORD|SECRET|KEY", key)}
    assert secret == {"ODDGATE_LISTEN__ADMIN_TOKEN": "file:/run/secrets/admin_token"}
    assert _yaml("prometheus.yml")["scrape_configs"][0]["authorization"] == {"credentials_file": "/run/secrets/admin_token"}


def test_the_settings_of_the_gateway(tmp_path: Path):
    """They are settings, and with them the ports are those that are mapped, and the collector is where it listens."""
    (tmp_path / "token").write_text("a token of 20 letters")
    environment = {key: value.replace("/run/secrets/admin_", f"{tmp_path}/") for key, value in SERVICES["gateway"]["environment"].items()}
    environment["ODDGATE_UPSTREAM"] = ""  # where it is not set outside
    config = load_config(None, environment)
    assert config.listen.admin_token.get_secret_value() == "a token of 20 letters"
    inside = {port.rpartition(":")[2] for port in SERVICES["gateway"]["ports"]}
    assert inside == {str(config.listen.port), str(config.listen.admin_port)}
    port = _yaml("collector.yaml")["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    assert config.telemetry.otlp_endpoint == f"http://collector:{port}"
    assert f"127.0.0.1:{config.listen.admin_port}/readyz" in SERVICES["gateway"]["healthcheck"]["test"][-1]


def test_the_settings_of_prometheus(tmp_path: Path):
    """Prometheus takes them as they lie in its container, with the rules; it asks the admin side, under the name that alerts go by."""
    config = _command("prometheus")["config.file"]
    for inside, outside in _mounts("prometheus").items():
        if outside.startswith("."):
            shutil.copy(DEPLOY / outside, tmp_path / Path(inside).name)
            assert Path(inside).parent == Path(config).parent
    said = _yaml("prometheus.yml")
    (job,) = said["scrape_configs"]
    assert any(f'up{{job="{job["job_name"]}"}}' in rule["expr"] for rule in rules())
    assert job["static_configs"] == [{"targets": ["gateway:8081"]}]
    (tmp_path / "token").write_text("a token of 20 letters")
    text = (tmp_path / Path(config).name).read_text().replace("/run/secrets/admin_token", "token")
    (tmp_path / Path(config).name).write_text(text)
    assert "SUCCESS" in promtool("check", "config", Path(config).name, cwd=tmp_path)


def test_the_settings_of_grafana():
    """It asks Prometheus, and finds the boards where they are mounted."""
    (source,) = _yaml("grafana/source.yaml")["datasources"]
    (port,) = SERVICES["prometheus"]["ports"]
    assert source["url"] == f"http://prometheus:{port.rpartition(':')[2]}"
    (provider,) = _yaml("grafana/boards.yaml")["providers"]
    mounted = _mounts("grafana")
    assert mounted[provider["options"]["path"]] == "../dashboards/grafana"
    assert {str(Path(inside).parent) for inside in mounted if "provisioning" in inside} == {
        "/etc/grafana/provisioning/datasources", "/etc/grafana/provisioning/dashboards",
    }  # fmt: skip


def test_the_settings_of_the_collector():
    """It is given the file that is mounted, and each of its pipelines is of parts that it has."""
    said = _yaml("collector.yaml")
    assert _mounts("collector") == {_command("collector")["config"]: "./collector.yaml"}
    for pipeline in said["service"]["pipelines"].values():
        assert set(pipeline) == {"receivers", "processors", "exporters"}
        for kind, parts in pipeline.items():
            assert set(parts) <= set(said[kind])
