"""Where the picture of a part is: in the forms that the APIs have, and in no other."""

import pytest

from gateway.wire.pictures import picture_of

URL, DATA = "data:image/png;base64,AAAA", "AAAA"
SOURCE = {"type": "base64", "media_type": "image/png", "data": DATA}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
        {"type": "input_image", "image_url": URL, "detail": "auto", "file_id": None},
        {"type": "computer_screenshot", "image_url": URL},
        {"type": "image", "url": URL},
        {"type": "image", "source": SOURCE},
        {"type": "image", "source": SOURCE, "cache_control": {"type": "ephemeral"}},
        DATA,
        URL,
        {"filename": "a", "file": b"\0\0\0"},
        {"b64_json": DATA, "revised_prompt": "a dog", "url": None},
        {"type": "image_generation.completed", "b64_json": DATA, "size": "auto", "created_at": 1, "usage": {"input_tokens": 1}},
    ],
)
def test_inline(part: object):
    """The base64 of the only picture there is."""
    assert picture_of(part) == DATA


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": {"url": URL}, "url": URL},
        {"type": "image_url", "image_url": {"url": URL}, "data": DATA},
        {"type": "image_url", "image_url": {"url": URL, "data": DATA}},
        {"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}},
        {"type": "image_url", "image_url": {"url": "data:text/plain;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "DATA:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": None}},
        {"type": "image_url", "image_url": {}},
        {"type": "image_url"},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_image", "image_url": URL, "file_id": "file-1"},
        {"type": "image", "source": SOURCE, "image_url": URL},
        {"type": "image", "source": SOURCE | {"url": "https://example.com/a.png"}},
        {"type": "image", "source": {"type": "url", "url": URL}},
        {"type": "image", "source": SOURCE | {"data": None}},
        {"type": "image", "source": DATA},
        {"b64_json": DATA, "url": "https://example.com/a.png"},
        {"b64_json": DATA, "image_url": URL},
        {"b64_json": ""},
        "https://example.com/a.png",
        f"data:image/png,{DATA}",
        {"filename": "a", "file": b"\0\0\0", "url": URL},
        {"filename": "a"},
        "",
        None,
        [DATA],
        7,
    ],
)
def test_elsewhere(part: object):
    """A picture that lies elsewhere, one beside another, and forms that no API has: whatever a reader may take, it was not looked at."""
    assert picture_of(part) is None
