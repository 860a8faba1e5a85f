"""Incidents from end to end: a real gateway and its watch, an upstream that is away, and who is on call."""

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.alert_channels import FakeChannel, check_webhook, running_channel
from tests.support.gateway import Gateway, running_gateway
from tests.support.processes import watches_of
from tests.support.waiting import AT_MOST_S, eventually

pytestmark = pytest.mark.slow

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
POLICY = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: tokenize}\n"
BODY = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello canary"}]}).encode()
MESSAGE = {"role": "assistant", "content": "fine"}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
ANSWER = json.dumps({"id": "c-1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [CHOICE]}).encode()


@pytest.fixture
def channel() -> Iterator[FakeChannel]:
    with running_channel(check_webhook((SECRET,), time.time)) as running:
        yield running


class Endpoint(ThreadingHTTPServer):
    """Answers some questions, and no more then."""

    left = 60

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)


class Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.left -= 1
        self.send_response(200 if self.server.left >= 0 else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def endpoint() -> Iterator[str]:
    with Endpoint() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def broken(folder: Path, channel: FakeChannel, **settings: object) -> Iterator[Gateway]:
    """A gateway whose upstream breaks after some seconds, with users who go on asking."""
    settings = {"policies": {"plain": POLICY}, **settings}
    webhook = {"name": "oncall", "kind": "webhook", "url": channel.url, "secrets": [SECRET]}
    alerts = {"channels": [webhook], "last": ["oncall"], "link": "https://example.org/oddgate"}
    with endpoint() as url, running_gateway(folder, {"*": url}, alerts=alerts, **settings) as gateway:
        stop = threading.Event()
        asking = threading.Thread(target=keep_asking, args=(gateway, stop))
        asking.start()
        try:
            yield gateway
        finally:
            stop.set()
            asking.join()


def keep_asking(gateway: Gateway, stop: threading.Event) -> None:
    request = urllib.request.Request(f"{gateway.url}/v1/chat/completions", BODY, {"Content-Type": "application/json"})
    while not stop.wait(0.05):
        try:
            urllib.request.urlopen(request, timeout=AT_MOST_S).close()
        except urllib.error.HTTPError as error:
            error.close()


def told(channel: FakeChannel) -> list[str]:
    return [body["type"] for body in channel.bodies()]


def incidents(gateway: Gateway) -> list[dict[str, Any]]:
    return json.loads(gateway.admin("/api/v1/incidents")[1])["incidents"]


async def test_from_failure_to_page_and_back(tmp_path: Path, channel: FakeChannel):
    """An upstream that breaks is one incident and one page, with its evidence, also where the channel was away and the watch is killed;
    who acknowledges and resolves it is heard of; no text of anybody's is in any of it.
    """
    channel.answers[:] = [(503, {}), (503, {"Retry-After": "1"})]
    with broken(tmp_path, channel) as gateway:
        await eventually(lambda: told(channel).count("incident.opened") == 3)
        ids = {headers["webhook-id"] for _, headers, _ in channel.asked}
        assert len(ids) == 1
        await eventually(lambda: incidents(gateway))
        (incident,) = incidents(gateway)
        assert (incident["state"], incident["urgency"], incident["about"]) == ("open", "page", "errors")
        (watch,) = watches_of(gateway.pid)
        watch.kill()
        count = incident["count"]
        await eventually(lambda: incidents(gateway)[0]["count"] > count)
        whole = json.loads(gateway.admin(f"/api/v1/incidents/{incident['id']}")[1])
        assert any(each["modality"] == "burn" for each in whole["members"])
        assert gateway.admin(f"/api/v1/incidents/{incident['id']}/ack", {"by": "ann"})[0] == 202
        await eventually(lambda: "incident.acknowledged" in told(channel))
        assert gateway.admin(f"/api/v1/incidents/{incident['id']}/resolve", {"by": "ann", "reason": "rolled back"})[0] == 202
        await eventually(lambda: "incident.resolved" in told(channel))
        assert "oddgate_incidents_open" in gateway.admin("/metrics")[1]
        assert "canary" not in gateway.output
    assert (channel.faults, told(channel).count("incident.opened")) == ([], 3)
    assert b"canary" not in b"".join(body for _, _, body in channel.asked)
    assert "canary" not in (tmp_path / "var" / "incidents-state").read_text()


async def test_signals(tmp_path: Path, channel: FakeChannel):
    """Policies know that an incident is open."""
    rule = "{id: calm, detect: pii, entities: [EMAIL_ADDRESS], action: block, when: signals.incident.severity >= 3}"
    policy = f"name: careful\nrules:\n  - {rule}\n"
    mail = json.dumps({"model": "m", "messages": [{"role": "user", "content": "write to jane@example.com"}]}).encode()
    with broken(tmp_path, channel, policies={"careful": policy}) as gateway:
        request = urllib.request.Request(f"{gateway.url}/v1/chat/completions", mail, {"Content-Type": "application/json"})

        def status() -> int:
            try:
                with urllib.request.urlopen(request, timeout=AT_MOST_S) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        assert status() in (200, 500, 502)
        await eventually(lambda: status() == 400)
