"""Places in a parsed body: read and written."""

from gateway.wire.model import at, put


def test_at_and_put():
    """What is put at a place stands there, and nothing else is changed."""
    body = {"a": [{"b": "old"}, 2], "c": 3}
    put(body, ("a", 0, "b"), "new")
    assert at(body, ("a", 0, "b")) == "new"
    assert body == {"a": [{"b": "new"}, 2], "c": 3}
    assert at(body, ()) is body
