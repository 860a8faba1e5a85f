"""E-mail: plain text. All mails of an incident are one thread, and a mail that is sent again has the same id."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from gateway.incidents.notice import Notice, NoticeEvent, line

MAX_SUBJECT = 200
_MARKS: dict[NoticeEvent, str] = {"trigger": "open", "update": "update", "acknowledge": "acknowledged", "resolve": "resolved"}


@dataclass(frozen=True, slots=True)
class Mail:
    sender: str
    to: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.to or any(each.count("@") != 1 or not each.isprintable() or " " in each for each in (self.sender, *self.to)):
            raise ValueError("an address of e-mail has one @ and no space")

    def message(self, notice: Notice, id_: str) -> EmailMessage:
        domain = self.sender.partition("@")[2]
        thread = f"<{notice.dedup_key}@{domain}>"
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.to)
        mail["Subject"] = line(f"[oddgate {_MARKS[notice.event]}] {notice.severity}: {notice.title}", MAX_SUBJECT)
        mail["Date"] = formatdate(notice.at)
        mail["Message-ID"] = f"<{id_}@{domain}>"
        mail["In-Reply-To"] = thread
        mail["References"] = thread
        mail["Auto-Submitted"] = "auto-generated"
        facts = (f"{name}: {value}" for name, value in (*notice.facts, ("incident", f"{notice.incident} ({notice.urgency})")))
        links = (f"{each.text}: {each.href}" for each in notice.links)
        mail.set_content("\n".join((notice.title, notice.reason, "", *facts, "", *links)).strip() + "\n")
        return mail
