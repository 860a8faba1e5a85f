"""Channels of alerts as strict as their documents: what one of them refuses is refused here, with the reason kept in ``faults``.

Each ``check_…`` takes a path, the headers (in lower case) and the body, and says what is wrong with it, or None.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Headers = dict[str, str]
Check = Callable[[str, Headers, bytes], str | None]

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class _Wrong(Exception):
    pass


def _must(is_so: object, what: str) -> None:
    if not is_so:
        raise _Wrong(what)


def _keys(value: object, needed: set[str], allowed: set[str], where: str) -> dict[str, Any]:
    _must(isinstance(value, dict), f"{where}: no object")
    _must(needed <= set(value), f"{where}: lacks {sorted(needed - set(value))}")
    _must(set(value) <= needed | allowed, f"{where}: unknown {sorted(set(value) - needed - allowed)}")
    return value


def _text(value: object, longest: int, where: str, shortest: int = 1) -> None:
    _must(isinstance(value, str) and shortest <= len(value) <= longest, f"{where}: no text of {shortest} to {longest}")


def _time(value: object, where: str) -> datetime:
    _must(isinstance(value, str) and _RFC3339.fullmatch(value), f"{where}: no RFC 3339 time")
    return datetime.fromisoformat(value)


def _url(value: object, where: str) -> None:
    _must(isinstance(value, str) and re.fullmatch(r"https?://[^\s<>|\"]+", value), f"{where}: no URL")


def _json(headers: Headers, body: bytes) -> Any:
    _must(headers.get("content-type", "").partition(";")[0] == "application/json", "content type")
    return json.loads(body.decode("utf-8"))


def _said(check: Callable[..., None]) -> Check:
    def run(path: str, headers: Headers, body: bytes) -> str | None:
        try:
            check(path, headers, body)
        except _Wrong as wrong:
            return str(wrong)
        except ValueError:
            return "no JSON"
        return None

    return run


@_said
def check_pagerduty(path: str, headers: Headers, body: bytes) -> None:
    _must(len(body) <= 512 * 1024, "too large")
    event = _json(headers, body)
    _must(re.fullmatch(r"[A-Za-z0-9]{32}", str(event.get("routing_key"))), "routing_key")
    for link in event.get("links", []):
        _keys(link, {"href"}, {"text"}, "link")
        _url(link["href"], "href")
    if path == "/v2/change/enqueue":
        _keys(event, {"routing_key", "payload"}, {"links"}, "change")
        payload = _keys(event["payload"], {"summary"}, {"timestamp", "source", "custom_details"}, "payload")
    else:
        _must(path == "/v2/enqueue", "path")
        _must(event.get("event_action") in ("trigger", "acknowledge", "resolve"), "event_action")
        _text(event.get("dedup_key"), 255, "dedup_key")
        if event["event_action"] != "trigger":
            _keys(event, {"routing_key", "event_action", "dedup_key"}, set(), "event")
            return
        optional = {"dedup_key", "links", "images", "client", "client_url"}
        _keys(event, {"routing_key", "event_action", "payload"}, optional, "event")
        more = {"timestamp", "component", "group", "class", "custom_details"}
        payload = _keys(event["payload"], {"summary", "source", "severity"}, more, "payload")
        _must(payload["severity"] in ("critical", "error", "warning", "info"), "severity")
        for name in ("component", "group", "class"):
            _text(payload.get(name, "-"), 1024, name)
    _text(payload["summary"], 1024, "summary")
    _text(payload.get("source", "-"), 1024, "source")
    _time(payload.get("timestamp", "2026-01-01T00:00:00Z"), "timestamp")
    _must(isinstance(payload.get("custom_details", {}), dict), "custom_details")


def _slack_text(text: object, longest: int, where: str, *, is_plain: bool = False) -> None:
    kinds = ("plain_text",) if is_plain else ("plain_text", "mrkdwn")
    told = _keys(text, {"type", "text"}, {"emoji"} if text.get("type") == "plain_text" else {"verbatim"}, where)
    _must(told["type"] in kinds, f"{where}: type")
    _text(told["text"], longest, where)
    if told["type"] == "mrkdwn":
        plain = re.sub(r"<https?://[^<>|\s]+(\|[^<>]*)?>", "", told["text"])
        _must(not re.search(r"[<>]|&(?!amp;|lt;|gt;)", plain), f"{where}: not escaped")


@_said
def check_slack(path: str, headers: Headers, body: bytes) -> None:
    _must(re.fullmatch(r"/services/T\w+/B\w+/\w+", path), "path")
    said = _keys(_json(headers, body), {"text"}, {"blocks", "unfurl_links", "unfurl_media"}, "message")
    _text(said["text"], 40_000, "text")
    _must(not re.search(r"[<>]|&(?!amp;|lt;|gt;)", said["text"]), "text: not escaped")
    _must(len(said.get("blocks", [])) <= 50, "too many blocks")
    _must(sum(len(json.dumps(each, ensure_ascii=False)) for each in said["blocks"]) < 13_000, "msg_blocks_too_long")
    for block in said.get("blocks", []):
        match block.get("type"):
            case "header":
                _slack_text(_keys(block, {"type", "text"}, {"block_id"}, "header")["text"], 150, "header", is_plain=True)
            case "section":
                _keys(block, {"type"}, {"text", "fields", "block_id"}, "section")
                _must("text" in block or block.get("fields"), "section: empty")
                if "text" in block:
                    _slack_text(block["text"], 3000, "section")
                _must(len(block.get("fields", [])) <= 10, "too many fields")
                for each in block.get("fields", []):
                    _slack_text(each, 2000, "field")
            case "context":
                elements = _keys(block, {"type", "elements"}, {"block_id"}, "context")["elements"]
                _must(1 <= len(elements) <= 10, "context")
                for each in elements:
                    _slack_text(each, 3000, "context")
            case _:
                raise _Wrong("block: type")


@_said
def check_alertmanager(path: str, headers: Headers, body: bytes) -> None:
    _must(path == "/api/v2/alerts", "path")
    alerts = _json(headers, body)
    _must(isinstance(alerts, list), "no list")
    for alert in alerts:
        _keys(alert, {"labels"}, {"annotations", "startsAt", "endsAt", "generatorURL"}, "alert")
        _must(alert["labels"].get("alertname"), "no alertname")
        for name, value in (*alert["labels"].items(), *alert.get("annotations", {}).items()):
            _must(_LABEL.fullmatch(name), f"{name}: no label")
            _text(value, 65_536, name, shortest=0)
        _must(all(alert["labels"].values()), "an empty label")
        _must(_time(alert["startsAt"], "startsAt") <= _time(alert["endsAt"], "endsAt"), "it ends before it starts")
        _url(alert.get("generatorURL", "http://a.example"), "generatorURL")


@_said
def check_teams(path: str, headers: Headers, body: bytes) -> None:
    _must(len(body) <= 28 * 1024, "too large")
    said = _keys(_json(headers, body), {"type", "attachments"}, set(), "message")
    _must(said["type"] == "message", "type")
    _must(len(said["attachments"]) == 1, "attachments")
    attachment = _keys(said["attachments"][0], {"contentType", "content"}, {"contentUrl"}, "attachment")
    _must(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
    card = _keys(attachment["content"], {"type", "version", "body"}, {"actions", "$schema"}, "card")
    _must((card["type"], card["version"]) == ("AdaptiveCard", "1.4"), "card")
    for block in card["body"]:
        _must(block["type"] in ("TextBlock", "RichTextBlock", "FactSet"), "block")
        for run in _keys(block, {"type", "inlines"}, {"spacing"}, "block")["inlines"]:
            _keys(run, {"type", "text"}, {"weight", "color", "isSubtle"}, "run")
            _text(run["text"], 28 * 1024, "run")
            _must(run.get("color", "Default") in ("Default", "Good", "Warning", "Attention", "Accent"), "color")
    for action in card.get("actions", []):
        _keys(action, {"type", "title", "url"}, set(), "action")
        _must(action["type"] == "Action.OpenUrl", "action")
        _url(action["url"], "url")


@_said
def check_opsgenie(path: str, headers: Headers, body: bytes) -> None:
    _must(re.fullmatch(r"GenieKey \S+", headers.get("authorization", "")), "authorization")
    said = _json(headers, body)
    if path != "/v2/alerts":
        _must(re.fullmatch(r"/v2/alerts/[A-Za-z0-9._~-]{1,512}/(close|acknowledge)\?identifierType=alias", path), "path")
        _keys(said, set(), {"user", "source", "note"}, "request")
        _text(said.get("note", "-"), 25_000, "note")
        return
    optional = {"alias", "description", "responders", "tags", "details", "entity", "source", "priority", "note", "user", "actions"}
    _keys(said, {"message"}, optional, "alert")
    for name, longest in {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100}.items():
        _text(said.get(name, "-"), longest, name)
    _must(said.get("priority", "P3") in ("P1", "P2", "P3", "P4", "P5"), "priority")
    _must(len(said.get("tags", [])) <= 20 and all(len(each) <= 50 for each in said["tags"]), "tags")
    details = said.get("details", {})
    _must(all(isinstance(each, str) for each in details.values()), "details")
    _must(sum(len(name) + len(value) for name, value in details.items()) <= 8000, "details: too long")


def check_webhook(secrets: tuple[str, ...], now: Callable[[], float]) -> Check:
    """As a receiver does by the specification: any of its secrets, any of the signatures, within five minutes."""

    @_said
    def check(path: str, headers: Headers, body: bytes) -> None:
        said = _keys(_json(headers, body), {"type", "timestamp", "data"}, set(), "event")
        _must(re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", said["type"]), "type")
        _time(said["timestamp"], "timestamp")
        id_, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        _must(id_ and "." not in id_, "webhook-id")
        _must(seconds.isdigit() and abs(int(seconds) - now()) <= 300, "webhook-timestamp")
        given = headers.get("webhook-signature", "").split(" ")
        signed = f"{id_}.{seconds}.".encode() + body
        for secret in secrets:
            digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
            if f"v1,{base64.b64encode(digest).decode()}" in given:
                return
        raise _Wrong("webhook-signature")

    return check


@dataclass
class FakeChannel:
    """``answers``: the statuses of the next answers, each with its headers; then 202 for what is right, and 400 for what is not."""

    check: Check
    url: str = ""
    answers: list[tuple[int, Headers]] = field(default_factory=list)
    asked: list[tuple[str, Headers, bytes]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, path: str, headers: Headers, body: bytes) -> tuple[int, Headers]:
        self.asked.append((path, headers, body))
        if self.answers:
            return self.answers.pop(0)
        fault = self.check(path, headers, body)
        if fault:
            self.faults.append(fault)
        return (400 if fault else 202), {}

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.asked]


@contextlib.contextmanager
def running_channel(check: Check) -> Iterator[FakeChannel]:
    """On a port of its own."""
    channel = FakeChannel(check)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            status, more = channel.take(self.path, headers, body)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    channel.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield channel
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
