from gateway.demo.exchange import UNREADABLE, Ask, Part
from gateway.demo.received import Received


def test_the_last_are_kept():
    """So many of them, with the number of all."""
    received = Received(2)
    for number in range(3):
        received.keep(Ask("POST", f"/{number}"))
    shown = received.shown()
    assert (shown["count"], [each["path"] for each in shown["received"]]) == (3, ["/1", "/2"])


def test_bodies():
    """As they are understood: JSON, a form by its fields, or neither; and of long ones only the length."""
    received = Received(9)
    received.keep(Ask("POST", "/", b"{}", {"a": 1}))
    received.keep(Ask("POST", "/", b"--", form=(Part("a", b"1"), Part("f", b"2", "x.txt"), Part("a", b"3"), Part("a", b"4"))))
    received.keep(Ask("POST", "/", b"{", UNREADABLE))
    received.keep(Ask("POST", "/", b"x" * 300_000, {"a": 1}))
    json, form, broken, long = (each["body"] for each in received.shown()["received"])
    assert (json, broken, long) == ({"a": 1}, "(not readable)", "(too long to keep)")
    assert form == {"a": ["1", "3", "4"], "f": {"filename": "x.txt", "content_type": None, "text": "2"}}


def test_no_header_is_kept():
    """One of them is somebody's key."""
    received = Received(1)
    received.keep(Ask("GET", "/", headers={"authorization": "Bearer secret-of-somebody"}))
    assert "secret-of-somebody" not in str(received.shown())
