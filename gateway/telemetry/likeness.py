"""What the record says an exchange is like, so that the watch can tell how the traffic moves: buckets, categories and counts, and no text.

A text is one of 128 buckets by what it is about, which is far too coarse to read a word back (``detectors.text.word_groups``). The template
of its prompts is a fingerprint that needs the gateway's key to be tried out. A tool's name is there if it is a name by its form.
"""

import hashlib
from typing import Any

from detectors.text.function_words import language_of
from detectors.text.groups import Groups, sole
from detectors.text.refusal import is_refusal
from detectors.text.script import script
from detectors.text.template import template
from detectors.text.word_groups import word_groups
from detectors.text.words import words
from gateway.guard.glimpse import Glimpse
from gateway.guard.memo import Memo
from gateway.wire.model import Json
from gateway.wire.walk import is_structural

_CHARS = 200
"""Of a text, by whose words it is told what it is about."""
_DECIMALS = 2
_FINGERPRINT_BYTES = 8
_MEMO_BYTES = 256 << 10
_PURPOSE = b"oddgate template"
"""So that no fingerprint of anything else is like it."""


class Likeness:
    """``of`` what was seen of an exchange. ``cues``: whether it also says of which groups of people the last message speaks."""

    def __init__(self, key: bytes, *, cues: bool) -> None:
        self._key = key
        self._words = word_groups()
        self._groups = Groups() if cues else None
        self._templates: Memo[str] = Memo(key, _MEMO_BYTES, item_bytes=1)

    def of(self, glimpse: Glimpse) -> Json:
        asked, said, tools = glimpse.asked, glimpse.said, glimpse.tools
        like: dict[str, Any] = {}
        if asked:
            like["input"] = {"chars": glimpse.asked_chars, **self._text(asked)}
        if fingerprint := self._fingerprint(glimpse.system):
            like["template"] = fingerprint
        if said or glimpse.has_refused:
            like["output"] = {**self._text(said), "refusal": glimpse.has_refused or is_refusal(said)}
        if tools:
            like["tools"] = [name for name in tools if name and is_structural(name)]
        if self._groups and (mentioned := sole(self._groups.mentioned(asked))):
            like["mentions"] = mentioned
        return like

    def _text(self, text: str) -> Json:
        """What is not known of it is not there."""
        like: dict[str, Any] = {}
        found = words(text[:_CHARS].lower())
        if gist := self._words.gist_of(found):
            like["bucket"], like["unknown"] = gist.bucket, round(gist.unknown, _DECIMALS)
        if written := script(text):
            like["script"] = written
        if language := language_of(found):
            like["language"] = language
        return like

    def _fingerprint(self, system: str) -> str:
        """Empty where nothing is there. Applications use few templates: those seen last are not worked out again."""
        if not system:
            return ""
        name = self._templates.text_key(system)
        known = self._templates.get("", name)
        if known is None:
            fixed = template(system).encode("utf-8", "surrogatepass")
            known = hashlib.blake2b(fixed, key=self._key, digest_size=_FINGERPRINT_BYTES, person=_PURPOSE).hexdigest() if fixed else ""
            self._templates.put("", name, known)
        return known
