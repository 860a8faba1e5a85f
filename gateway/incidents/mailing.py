"""Sends mails by SMTP, each over a connection of its own, off the event loop."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from typing import Literal

from gateway.incidents.deliver import Answer, NoAnswer, Outcome
from gateway.incidents.notice import Notice
from gateway.incidents.notify.mail import Mail

TIMEOUT_S = 10.0
_BUSY, _REFUSED = 503, 400


@dataclass(frozen=True, slots=True)
class Mailer:
    """``security``: none is for a relay on the same machine. A server's certificate is verified."""

    mail: Mail
    host: str
    port: int
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)

    async def send(self, notice: Notice, id_: str) -> Outcome:
        return await asyncio.to_thread(self._send, notice, id_)

    def _send(self, notice: Notice, id_: str) -> Outcome:
        """SMTP's answers as HTTP has them: of 4xx it says "later", of 5xx "never"."""
        try:
            with self._connected() as server:
                refused = server.send_message(self.mail.message(notice, id_))
        except smtplib.SMTPRecipientsRefused as error:
            return _answer(max(code for code, _ in error.recipients.values()))
        except smtplib.SMTPResponseException as error:
            return _answer(error.smtp_code)
        except (OSError, smtplib.SMTPException):
            return NoAnswer("unreachable")
        return Answer(_REFUSED) if refused else Answer(200)

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _answer(code: int) -> Answer:
    return Answer(_BUSY if code < 500 else _REFUSED)
