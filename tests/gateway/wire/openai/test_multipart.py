"""Forms with pictures: the prompt is a text, the pictures are not."""

from gateway.wire.model import Call, Kind
from gateway.wire.openai.multipart import ImageForms


def test_a_form():
    """Prompt and file names are texts; every picture of the list and the mask are pictures."""
    raw = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'.encode()
        for name, extra, value in (
            ("image[]", '; filename="a b.png"', "x"), ("image[]", '; filename="c d.png"', "x"), ("mask", '; filename="m.png"', "x"),
            ("prompt", "", "draw Anna"), ("model", "", "gpt-image-1"), ("size", "", "1024x1024"), ("n", "", "2"),
        )
    ) + b"--b--\r\n"  # fmt: skip
    request = ImageForms().parse_request(raw, Call(content_type="multipart/form-data; boundary=b"))
    assert (request.surface, request.model) == ("images", "gpt-image-1")
    assert {segment.text for segment in request.segments} == {"a b", "c d", "m", "draw Anna"}
    assert [part.kind for part in request.uninspectable] == [Kind.IMAGE] * 3


def test_json():
    """The API takes that there as well."""
    request = ImageForms().parse_request(b'{"model": "gpt-image-1", "prompt": "draw Anna"}', Call())
    assert [segment.text for segment in request.segments] == ["draw Anna"]
