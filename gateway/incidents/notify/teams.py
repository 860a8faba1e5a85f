"""Microsoft Teams, by a workflow's webhook: an adaptive card in which no text of ours is read as markdown."""

import json
from dataclasses import dataclass, field

from gateway.incidents.notice import Call, Notice, NoticeEvent

MAX_BYTES = 28 * 1024
_COLOURS = {"info": "Default", "warning": "Warning", "error": "Attention", "critical": "Attention"}
_MARKS: dict[NoticeEvent, str] = {"trigger": "Open", "update": "Update", "acknowledge": "Acknowledged", "resolve": "Resolved"}


@dataclass(frozen=True, slots=True)
class Teams:
    url: str = field(repr=False)

    def call(self, notice: Notice, id_: str, now: float) -> Call | None:
        facts = list(notice.facts)
        while len(body := self._body(notice, facts)) > MAX_BYTES and facts:
            facts.pop()
        return Call(self.url, (("Content-Type", "application/json"),), body)

    def _body(self, notice: Notice, facts: list[tuple[str, str]]) -> bytes:
        colour = "Good" if notice.event == "resolve" else _COLOURS[notice.severity]
        head = _run(f"{_MARKS[notice.event]}, {notice.severity}: {notice.title}") | {"weight": "Bolder", "color": colour}
        rows = [("why", notice.reason), *facts, ("incident", f"{notice.incident} ({notice.urgency})")]
        card = {
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [_rich(head), *(_rich(_run(f"{name}: ") | {"isSubtle": True}, _run(value)) for name, value in rows)],
            "actions": [{"type": "Action.OpenUrl", "title": each.text, "url": each.href} for each in notice.links],
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()


def _run(text: str) -> dict[str, object]:
    return {"type": "TextRun", "text": text}


def _rich(*inlines: dict[str, object]) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": list(inlines)}
