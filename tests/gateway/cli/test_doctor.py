"""``oddgate doctor``: what it names, and that a test page arrives."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.cli.main import main
from tests.support.alert_channels import check_pagerduty, check_slack, running_channel
from tests.support.gateway import running_gateway
from tests.support.one_line import running_line

Doctor = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Doctor:
    """Its exit code, and what it says of each part, by the settings."""
    monkeypatch.chdir(tmp_path)

    def run(settings: object, *words: str) -> tuple[int, dict[str, str]]:
        shape = settings if isinstance(settings, str) else json.dumps(settings)
        (tmp_path / "oddgate.yaml").write_text(shape)
        code = main(["doctor", "--json", *words])
        said = json.loads(capsys.readouterr().out)
        assert said["ok"] == (code == 0)
        return code, {each["part"]: f"{each['state']}: {each['said']}" for each in said["checks"]}

    return run


def listen() -> dict[str, int]:
    return {"port": free_port(), "admin_port": free_port()}


def test_defaults(doctor: Doctor):
    """Nothing is broken where nothing is set; what is only not there yet is a warning."""
    code, said = doctor({"listen": listen()})
    assert code == 0
    assert [part for part, what in said.items() if what.startswith("warn")] == ["upstreams", "store", "gateway", "watch", "alerts"]
    assert said["detectors"] == "ok: pii"


def test_broken_settings(doctor: Doctor):
    """They are named by line, and nothing else is looked at."""
    code, said = doctor("listen: {prt: 1}")
    assert (code, list(said)) == (1, ["settings"])
    assert "1: listen.prt: unknown key" in said["settings"]


def test_broken_parts(doctor: Doctor, tmp_path: Path):
    """Each is named by itself: a policy, an endpoint, a folder, a port, a store's state."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "default.yaml").write_text("name: default\nrules: [{id: a, detect: nothing, action: flag}]\n")
    (tmp_path / "file").write_text("")
    taken = {"policies": {"dir": "policies"}, "listen": listen(), "journal": {"dir": "file/journal"}}
    endpoint = {"name": "away", "base_url": f"http://127.0.0.1:{free_port()}"}
    code, said = doctor({**taken, "upstreams": [endpoint], "state": {"url": f"redis://127.0.0.1:{free_port()}"}})
    assert code == 1
    assert "detect" in said["policies"]
    assert "nothing" in said["policies"]
    assert said["upstream away"] == "fail: not reached: Connection refused"
    assert said["journal folder"].startswith("fail: file/journal cannot be written to")
    assert said["state"].startswith("fail: redis")


def test_an_endpoint_that_is_none(doctor: Doctor):
    """What answers in no words of HTTP is named, as an endpoint and where the gateway should be."""
    with running_line(b"-ERR unknown command\r\n") as port:
        endpoint = {"name": "odd", "base_url": f"http://127.0.0.1:{port}"}
        code, said = doctor({"listen": {"port": free_port(), "admin_port": port}, "upstreams": [endpoint]})
    assert code == 1
    assert said["upstream odd"] == "fail: not reached: BadStatusLine"
    assert said["admin port"].startswith("fail")


@pytest.mark.parametrize(
    ("do", "keys", "expected"),
    [
        ({"tighten": {"rule": "pii", "action": "block"}}, {}, "ok: 1 allowed"),
        ({"tighten": {"rule": "{rule}", "action": "block"}}, {"dry_run": True}, "ok: 1 allowed, as a dry run"),
        ({"tighten": {"rule": "misspelt", "action": "block"}}, {}, "fail: a: no policy has a rule misspelt, so nothing would be done"),
        ({"tighten": {"rule": "pii", "max_fpr": 0.5}}, {}, "warn: a: no policy would be stricter for it, so nothing would be done"),
        ({"concurrency": {"upstream": "demo", "limit": 4}}, {}, "ok: 1 allowed"),
    ],
)
def test_what_may_be_done(doctor: Doctor, do: dict, keys: dict, expected: str):
    """What would do nothing, as no policy has such a rule or none would be stricter, is named before an incident needs it."""
    _, said = doctor({"listen": listen(), "actions": {"allow": [{"id": "a", "do": do}], **keys}})
    assert said["actions"] == expected


def test_what_never_can_be_done(doctor: Doctor):
    """Where no incident is opened, nothing is done about any."""
    allowed = [{"id": "a", "do": {"concurrency": {"upstream": "demo", "limit": 4}}}]
    _, said = doctor({"listen": listen(), "actions": {"allow": allowed}, "alerts": {"enabled": False}})
    assert said["actions"] == "warn: no incident is ever opened, so nothing is ever done: alerts.enabled is false"


def test_a_policy_that_is_not_there(doctor: Doctor):
    """What the settings name must be in the folder."""
    code, said = doctor({"listen": listen(), "policies": {"default": "missing"}})
    assert (code, said["policies"].startswith("fail: there is no policy missing")) == (1, True)


@pytest.mark.slow
def test_beside_a_gateway(doctor: Doctor, tmp_path: Path):
    """Where one runs with its watch, all is well, and a port that is taken by it is no fault."""
    folder = tmp_path / "gateway"
    folder.mkdir()
    with running_gateway(folder, {}) as gateway:
        settings = {
            "listen": {"port": gateway.port, "admin_port": gateway.admin_port}, "watch": {"dir": str(folder / "var")},
            "upstreams": [{"name": "itself", "base_url": gateway.url}],
        }  # fmt: skip
        code, said = doctor(settings)
    assert code == 0
    assert said["gateway"].startswith("ok: runs")
    assert said["upstream itself"] == "ok: reached (status 404)"


def test_a_foreign_port(doctor: Doctor):
    """Who else listens there is a fault."""
    with running_channel(check_slack) as fake:
        code, said = doctor({"listen": {"port": int(fake.url.rpartition(":")[2]), "admin_port": free_port()}})
    assert code == 1
    assert "Address already in use" in said["data port"]
    assert said["admin port"].startswith("ok")


def test_a_page(doctor: Doctor):
    """Each channel gets a test that says what it is, and its answer is told; one that is named is the only one."""
    with running_channel(check_slack) as slack, running_channel(check_pagerduty) as pagerduty:
        channels = [
            {"name": "team", "kind": "slack", "url": f"{slack.url}/services/T0/B0/hush"},
            {"name": "oncall", "kind": "pagerduty", "routing_key": 32 * "k", "url": pagerduty.url},
            {"name": "away", "kind": "teams", "url": f"http://127.0.0.1:{free_port()}/x"},
        ]
        settings = {"alerts": {"channels": channels, "last": ["oncall"]}}
        code, said = doctor(settings, "--page")
        assert (code, said["channel away"]) == (1, "fail: not reached: unreachable")
        assert said["channel team"].startswith("ok: took test-")
        assert (slack.faults, pagerduty.faults) == ([], [])
        (page,) = pagerduty.bodies()
        assert page["payload"]["summary"] == "TEST of oddgate's alerts: nothing is wrong"
        pagerduty.answers.append((403, {}))
        assert doctor(settings, "--page", "oncall") == (
            1,
            {"settings": "ok: oddgate.yaml", "channel oncall": "fail: refused it: status 403"},
        )
        assert len(slack.asked) == 1
        assert doctor(settings, "--page", "nobody")[1]["alerts"] == "fail: there is no channel nobody; there is: team, oncall, away"


def test_nobody_to_page(doctor: Doctor):
    """A test of no channel is a failed one."""
    assert doctor({}, "--page")[0] == 1


def test_lines(doctor: Doctor, capsys: pytest.CaptureFixture):
    """For people: what is broken stands out."""
    doctor({"listen": listen(), "policies": {"default": "missing"}})
    assert main(["doctor"]) == 1
    assert "\nFAIL  policies " in capsys.readouterr().out
