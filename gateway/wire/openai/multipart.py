"""OpenAI's surfaces of pictures that take forms (``POST /v1/images/edits`` and ``/variations``): a prompt and pictures in, pictures out."""

from types import MappingProxyType

from gateway.wire.form_request import read_form
from gateway.wire.model import Call, Kind, Request
from gateway.wire.multipart import is_form
from gateway.wire.openai.images import Images

_FILES = MappingProxyType({"image": Kind.IMAGE, "mask": Kind.IMAGE})


class ImageForms(Images):
    """The API takes JSON there too, with pictures by address or id."""

    def parse_request(self, raw: bytes, call: Call) -> Request:
        return read_form(self.surface, raw, call, _FILES) if is_form(call.content_type) else super().parse_request(raw, call)
