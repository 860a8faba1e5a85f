import pytest

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import UNREADABLE, Ask, Part, data_frames, named_frames, needed_text

FORM = (Part("model", b"demo"), Part("image[]", b"png", "x.png"), Part("bad", b"\xff"))


@pytest.mark.parametrize("body", [UNREADABLE, None, [], "x"])
def test_a_body_that_is_no_object(body: object):
    """Is refused; unless there need not be one, and there is none."""
    with pytest.raises(RefusedRequestError):
        Ask("POST", "/", b"x", body).json()
    assert Ask("POST", "/").optional_json() == {}


def test_forms():
    """Fields are texts, files have names, also in a list."""
    ask = Ask("POST", "/", form=FORM)
    assert (ask.text("model"), ask.text("bad"), ask.text("none", "else")) == ("demo", "\ufffd", "else")
    assert ask.file("image").value == b"png"
    for name in ("model", "none"):
        with pytest.raises(RefusedRequestError, match=name):
            ask.file(name)
    with pytest.raises(RefusedRequestError, match="none"):
        ask.needed_text("none")


@pytest.mark.parametrize("body", [{}, {"model": ""}, {"model": 3}])
def test_a_text_that_is_needed(body: dict):
    """Is missing where it is not a text."""
    with pytest.raises(RefusedRequestError, match="'model'"):
        needed_text(body, "model")


def test_frames():
    """Events with and without names, as they stand on the wire."""
    assert list(data_frames([{"a": "ü"}])) == ['data: {"a": "ü"}\n\n', "data: [DONE]\n\n"]
    assert list(named_frames([{"type": "a.b"}])) == ['event: a.b\ndata: {"type": "a.b"}\n\n']
