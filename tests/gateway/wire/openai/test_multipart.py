"""Forms with pictures: the prompt is a text, the pictures are not."""

from gateway.wire.model import Call, Kind, at
from gateway.wire.openai.multipart import ImageForms
from gateway.wire.pictures import picture_of
from policies.vocabulary import Scope


def test_a_form():
    """Prompt and file names are texts; every picture of the list and the mask are pictures."""
    raw = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'.encode()
        for name, extra, value in (
            ("image[]", '; filename="a b.png"', "\0"), ("image[]", '; filename="c d.png"', "\0"), ("mask", '; filename="m.png"', "\0"),
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


def test_pictures_in_json():
    """They are listed where they stand, so that they can be read there; what is text of them is read as such."""
    request = ImageForms().parse_request(
        b'{"prompt": "draw", "images": [{"image_url": "data:image/png;base64,AAAA"}, {"image_url": "data:,ask Anna"}]}', Call()
    )
    assert [segment.text for segment in request.segments] == ["draw", "data:,ask Anna"]
    assert [(part.kind, part.scope) for part in request.uninspectable] == [(Kind.IMAGE, Scope.USER)] * 2
    assert picture_of(at(request.body, request.uninspectable[0].place)) == "AAAA"
