"""Slack's incoming webhooks. Such a webhook cannot change what it has said: each notice is a message of its own."""

import json
from dataclasses import dataclass, field

from gateway.incidents.notice import Call, Notice, NoticeEvent

MAX_HEADER, MAX_TEXT, MAX_FIELDS = 150, 3000, 10
_MARKS: dict[NoticeEvent, str] = {"trigger": "OPEN", "update": "UPDATE", "acknowledge": "ACKNOWLEDGED", "resolve": "RESOLVED"}


@dataclass(frozen=True, slots=True)
class Slack:
    """What comes of traffic is ``plain_text``, in which nothing is a link, a mention or a form."""

    url: str = field(repr=False)

    def call(self, notice: Notice, id_: str, now: float) -> Call | None:
        head = f"{_MARKS[notice.event]} {notice.severity}: {notice.title}"
        blocks: list[dict[str, object]] = [
            {"type": "header", "text": _plain(head, MAX_HEADER)},
            {"type": "section", "text": _plain(f"{notice.title}\n{notice.reason}", MAX_TEXT)},
        ]
        for at in range(0, len(notice.facts), MAX_FIELDS):
            fields = [_plain(f"{name}: {value}", 2000) for name, value in notice.facts[at : at + MAX_FIELDS]]
            blocks.append({"type": "section", "fields": fields})
        if notice.links:
            linked = " · ".join(f"<{escaped(each.href).replace('|', '%7C')}|{escaped(each.text)}>" for each in notice.links)
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": linked[:MAX_TEXT], "verbatim": True}})
        blocks.append({"type": "context", "elements": [_plain(f"{notice.incident} · {notice.urgency}", 300)]})
        body = {"text": escaped(head), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        return Call(self.url, (("Content-Type", "application/json"),), json.dumps(body).encode())


def escaped(text: str) -> str:
    """As Slack asks for: these three, and nothing else."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, limit: int) -> dict[str, object]:
    return {"type": "plain_text", "text": text[:limit], "emoji": False}
