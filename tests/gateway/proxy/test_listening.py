"""Sockets that are bound before anybody listens."""

import socket

import pytest

from gateway.proxy.listening import bind, port_of


def test_any_free_port():
    """The system chooses one, and says which; nobody is let in before somebody listens."""
    (bound,) = bind("127.0.0.1", 0)
    with bound:
        assert port_of([bound]) > 0
        with socket.socket() as client:
            assert client.connect_ex(bound.getsockname()) != 0
            bound.listen()
            assert client.connect_ex(bound.getsockname()) == 0


def test_every_address_of_a_host_has_the_same_port(monkeypatch: pytest.MonkeyPatch):
    """However many addresses a name has, and also where the system chooses the port."""
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{number}", 0)) for number in (1, 2, 1)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    sockets = bind("some-name", 0)
    assert [each.getsockname() for each in sockets] == [(f"127.0.0.{number}", port_of(sockets)) for number in (1, 2)]
    for each in sockets:
        each.close()


def test_a_port_that_is_taken():
    """The error says which address it is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=rf"127\.0\.0\.1', {port_of([taken])}\): address already in use"):
            bind("127.0.0.1", port_of([taken]))


def test_no_port_of_nothing():
    """Where there is no socket, there is no port."""
    assert port_of([]) == 0
