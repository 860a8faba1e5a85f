"""``oddgate incident``: by a real gateway, whose watch has said what incidents there are."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.cli.main import main
from gateway.config import Config
from gateway.incidents.asks import Acknowledge, Deploy, Lift, Resolve, Silence
from gateway.incidents.incident import Acknowledged, Incident, advance
from gateway.incidents.outbox import Past
from gateway.incidents.stages import Silence as Muting
from gateway.keyfile import KEY_FILE, secret_key
from gateway.shown_incidents import render
from gateway.storage.ask_box import AskBox
from gateway.storage.incident_log import FileLog
from policies.rehearsal.cases import load_cases
from tests.gateway.incidents.symptoms import T0, burn, incident, log_symptom
from tests.support.gateway import Gateway, running_gateway
from tests.support.waiting import eventually

POLICY = """
name: cards
domain:
  topics:
    allow: [{name: lost, examples: [I lost my card, my card was stolen, it is gone, where is my card, card lost]}]
    outside: {max_fpr: 0.05, action: flag}
"""
TEXTS = ("I lost my card", "how do I bake bread with rye", "the card was stolen from me")


def asked(gateway: Gateway, text: str) -> str:
    body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(f"{gateway.url}/v1/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["x-oddgate-request-id"]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One that keeps texts, with an incident whose evidence are its exchanges."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, {}, policies={"cards": POLICY}, store={"keep_text": "redacted"}, alerts={"enabled": False}) as running:
        ids = tuple(asked(running, text) for text in TEXTS)
        asyncio.run(eventually(lambda: all(running.admin(f"/api/v1/exchanges/{each}")[0] == 200 for each in ids)))
        made, _ = advance(incident(burn(value=0.3, baseline=0.01, evidence=(*ids, "req_none"))), log_symptom(), T0 + 1)
        made, _ = advance(replace(made, id="inc-1"), Acknowledged("ben"), T0 + 2)
        show(folder, made)
        yield running


def show(folder: Path, made: Incident) -> None:
    silences = [Muting("sil-1", (("app", "shop"),), "we move", "ben", T0, T0 + 60)]
    told = [Past("msg-1", "oncall", "inc-1", "trigger", T0, 1, "delivered")]
    actions = [
        {"id": "act-1", "incidents": ["inc-1"], "state": "waiting", "do": {"quarantine": {"app": "shop"}}},
        {
            "id": "act-2", "incidents": ["inc-1"], "state": "over", "do": {"rate_limit": {"app": "shop", "per_minute": 60}},
            "since": T0, "ended": T0 + 9, "became": "reverted", "by": "ben", "approved_by": "anna", "why": "",
        },
    ]  # fmt: skip
    hints = {made.id: [("policy", "p@2, 3 min before")]}
    over = replace(made, id="inc-0", state="resolved", closed_by="anna", closed_at=T0 + 9, since=T0 + 5)
    FileLog(folder / "var").show(render(T0, [over, made], hints, {made.id: [("inc-0", 0.5)]}, told, [], silences, actions, [], {}))


@pytest.fixture
def command(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The command, in a folder of its own, asking the gateway."""
    monkeypatch.chdir(tmp_path)
    place = ["--config", str(gateway.folder / "oddgate.yaml"), "--admin", f"http://127.0.0.1:{gateway.admin_port}"]
    return lambda *words: main(["incident", *words, *place])


def asks(gateway: Gateway) -> list:
    key = secret_key(Config.model_validate({"secret_key": (gateway.folder / KEY_FILE).read_text()}))
    return AskBox(gateway.folder / "var", key).take()


@pytest.mark.slow
def test_list(command, capsys: pytest.CaptureFixture):
    """What goes on comes first, a line each; the filters are those of the admin side."""
    assert command("list") == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == ("2026-11-18 11:06:40  open (acknowledged)  page  error  shop  inc-1  the error budget burns fast (app=shop)")
    assert "  resolved " in second
    assert last == "as of 2026-11-18 11:06:40: 2 shown, 0 more"
    assert command("list", "--state", "resolved", "--json") == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)["incidents"]] == ["inc-0"]


@pytest.mark.slow
def test_show(command, capsys: pytest.CaptureFixture):
    """All that is known of it: since when, why, its evidence, who was told, what is done."""
    assert command("show", "inc-1") == 0
    out = capsys.readouterr().out
    for part in (
        "inc-1  open, page, error", "since 2026-11-18 11:06:40", "acknowledged by ben", "policy: p@2, 3 min before", "like inc-0 (50%)",
        "usually 0.01", "new template", "req_none", 'action act-1: waiting {"quarantine": {"app": "shop"}}\n',
        ", since 2026-11-18 11:06:40, ended 2026-11-18 11:06:49, became reverted, by ben, approved by anna",
        "told oncall: trigger, 2026-11-18 11:06:40: delivered",
    ):  # fmt: skip
        assert part in out
    assert command("show", "inc-0") == 0
    assert "closed by anna" in capsys.readouterr().out
    assert command("show", "inc-none") == 1
    assert capsys.readouterr().err == "oddgate incident: No incident of that id is shown.\n"


@pytest.mark.slow
def test_what_people_say(command, gateway: Gateway, capsys: pytest.CaptureFixture):
    """It is asked of the watch, by who says it."""
    me = ("--by", "anna")
    assert command("ack", "inc-1", *me) == 0
    assert command("resolve", "inc-1", "--reason", "known", *me) == 0
    assert command("silence", "model=m", "--incident", "inc-1", "--reason", "we move", "--hours", "1", *me) == 0
    assert command("silence", "--lift", "sil-1", *me) == 0
    assert command("deploy", "shop", "app=shop", "--version", "2", *me) == 0
    assert command("approve", "act-1", *me) == 0
    out = capsys.readouterr().out
    acked, resolved, silenced, lifted, deployed, approved = asks(gateway)
    assert (type(acked), acked.by, type(resolved), resolved.reason, type(lifted)) == (Acknowledge, "anna", Resolve, "known", Lift)
    assert (type(silenced), silenced.dimensions) == (Silence, {"app": "shop", "model": "m"})
    assert (type(deployed), deployed.version, deployed.dimensions) == (Deploy, "2", {"app": "shop"})
    assert approved.action == "act-1"
    assert out.startswith("asked the watch: acknowledge inc-1\n")
    assert command("silence") == 0
    assert "sil-1  until 2026-11-18 11:07:40  app=shop  ben  we move" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ack", "inc-none"), 1, "There is no incident of that id."),
        (("approve", "act-none"), 1, "There is no action of that id."),
        (("silence", "app=shop"), 1, "say why: --reason"),
        (("silence", "shop", "--reason", "x"), 1, "say of what as NAME=VALUE"),
        (("silence", "app=shop", "--reason", "x", "--hours", "1000"), 1, "hours: how long it lasts"),
        (("ack", "inc-1", "--by", ""), 1, "by: "),
    ],
)
def test_what_cannot_be_asked(command, gateway: Gateway, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture):
    """It is said why, and the watch hears nothing."""
    assert command(*words) == code
    assert said in capsys.readouterr().err
    assert asks(gateway) == []


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Where no gateway runs, it says so."""
    monkeypatch.chdir(tmp_path)
    assert main(["incident", "list", "--admin", f"http://127.0.0.1:{free_port()}"]) == 2
    assert "does not answer (Connection refused)" in capsys.readouterr().err


@pytest.mark.slow
def test_as_cases(command, capsys: pytest.CaptureFixture):
    """Its exchanges are cases that the policy's tests read and hold to, but for one of which nothing is left after its redaction."""
    assert command("export", "inc-1", "--as", "cases", "--label", "false_positive") == 0
    assert capsys.readouterr().out == "inc-1: 2 of 4 exchanges as cases, to inc-1.cases.yaml, 1 kept no more\n"
    found = [case for _, case in load_cases(Path("inc-1.cases.yaml"))]
    assert [case.given.whole[0].text for case in found] == [TEXTS[0], TEXTS[2]]
    assert {case.expect.decision for case in found} == {"allow"}
    Path("inc-1.yaml").write_text(POLICY.replace("cards", "inc-1"))
    assert main(["policy", "test", "inc-1.yaml"]) == 0
    assert "2 cases" in capsys.readouterr().out
    assert command("export", "inc-1", "--as", "cases", "--label", "good") == 2


@pytest.mark.slow
def test_to_calibrate_by(command, capsys: pytest.CaptureFixture):
    """The next calibration hears what is said of them."""
    assert command("export", "inc-1", "--as", "calibration", "--label", "inside", "--out", "told", "--json") == 0
    assert json.loads(capsys.readouterr().out)["exported"] == 3
    Path("cards.yaml").write_text(POLICY)
    main(["calibrate", "--policy", "cards.yaml", "--journal", "told", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["records"], said["rules"]["domain.topics"]["inside"]) == (3, 3)


@pytest.mark.slow
def test_as_labels(command, gateway: Gateway, capsys: pytest.CaptureFixture):
    """What is said of its exchanges is in the gateway's journal, as an application's feedback is."""
    assert command("export", "inc-1", "--as", "labels", "--label", "false_positive", "--data", gateway.url) == 0
    assert "3 of 4 exchanges as labels" in capsys.readouterr().out
    told = [json.loads(line) for line in gateway.journal_text().splitlines()]
    labelled = [line["request_id"] for line in told if line.get("kind") == "feedback" and line["label"] == "false_positive"]
    assert len(labelled) == 3
