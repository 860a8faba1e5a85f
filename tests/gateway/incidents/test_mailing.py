"""Mails to a server that speaks SMTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

import pytest

from bench.processes import free_port
from gateway.incidents.deliver import Answer, NoAnswer
from gateway.incidents.mailing import Mailer
from gateway.incidents.notify.mail import Mail
from tests.gateway.incidents.notices import notice

MAIL = Mail("oddgate@ops.example", ("a@ops.example", "b@ops.example"))


@dataclass
class Server:
    """``says``: answers instead of the usual, by the command's first word, or ``.`` for a mail's end."""

    says: dict[str, str] = field(default_factory=dict)
    port: int = 0
    heard: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            word = line.split()[0].upper()
            usual = {"DATA": "354 go on", "EHLO": "250 mail.example", "QUIT": "221 bye"}.get(word, "250 ok")
            answer = self.says.get(line, self.says.get(word, usual))
            writer.write(f"{answer}\r\n".encode())
            if word == "DATA" and answer.startswith("354"):
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(f"{self.says.get('.', '250 ok')}\r\n".encode())
            if word == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def serving(**says: str) -> AsyncIterator[Server]:
    server = Server({name: answer for name, answer in says.items() if name != "end"} | ({".": says["end"]} if "end" in says else {}))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


async def sent(server: Server, **fields: object):
    return await Mailer(MAIL, "127.0.0.1", server.port, **{"security": "none", **fields}).send(notice(), "msg-1")


async def test_a_mail():
    """To everybody, as the channel has written it."""
    async with serving() as server:
        assert await sent(server) == Answer(200)
    assert [each for each in server.heard if each.startswith("rcpt")] == ["rcpt TO:<a@ops.example>", "rcpt TO:<b@ops.example>"]
    mail = message_from_bytes(server.mails[0], policy=default)
    assert mail["Message-ID"] == "<msg-1@ops.example>"
    assert "likely cause: policy p@2" in mail.get_content()


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ({"end": "451 later"}, Answer(503)),
        ({"end": "554 no"}, Answer(400)),
        ({"MAIL": "421 busy"}, Answer(503)),
        ({"MAIL": "550 no"}, Answer(400)),
        ({"RCPT": "450 later"}, Answer(503)),
        ({"RCPT": "550 nobody"}, Answer(400)),
        ({"rcpt TO:<a@ops.example>": "550 nobody"}, Answer(400)),
        ({"EHLO": "500 no", "HELO": "500 no"}, Answer(400)),
    ],
)
async def test_what_servers_answer(says, outcome):
    """What is to be tried later is, and what never will be taken is not."""
    async with serving(**says) as server:
        assert await sent(server) == outcome


async def test_no_server():
    """Nobody there, or nobody who encrypts: no answer, and no mail in the clear."""
    assert await Mailer(MAIL, "127.0.0.1", free_port(), "none").send(notice(), "msg-1") == NoAnswer("unreachable")
    async with serving() as server:
        assert isinstance(await sent(server, security="starttls"), NoAnswer)
        assert server.mails == []
        assert isinstance(await sent(server, security="none", user="u", password="hush"), NoAnswer)
        assert server.mails == []


def test_no_password_is_shown():
    """Not even where somebody prints it all."""
    assert "hush" not in repr(Mailer(MAIL, "h", 25, "tls", "u", "hush"))
