"""What was said of a text before: a bounded memory, keyed by a keyed hash of (configuration, text).

Chat clients send their whole history with every turn; this is what makes a turn cost its newest message only. What is remembered of a
text holds offsets, scores and keyed hashes, never text (only of a picture it is the text that was read in it), and its keys cannot be
tried out without the process's own key.
"""

import hashlib
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

_ENTRY_BYTES = 350  # an entry with its key, as measured; rounded up
_ITEM_BYTES = 400  # a finding, or all that is kept of a rule that fired

TextKey = bytes


class Sized(Protocol):
    def __len__(self) -> int: ...


V = TypeVar("V", bound=Sized)


class Memo(Generic[V]):
    """Least recently used entries go first once ``max_bytes`` (an estimate from above, by the entries' lengths) are in use."""

    def __init__(self, key: bytes, max_bytes: int, item_bytes: int = _ITEM_BYTES) -> None:
        self._key = key
        self._max_bytes = max_bytes
        self._item_bytes = item_bytes
        self._entries: OrderedDict[tuple[str, TextKey], V] = OrderedDict()
        self.used_bytes = 0
        self.hits = 0
        self.misses = 0

    def text_key(self, text: str) -> TextKey:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    def get(self, configuration: str, key: TextKey) -> V | None:
        name = (configuration, key)
        found = self._entries.get(name)
        if found is None:
            self.misses += 1
            return None
        self._entries.move_to_end(name)
        self.hits += 1
        return found

    def put(self, configuration: str, key: TextKey, value: V) -> None:
        cost = self._cost(value)
        if cost > self._max_bytes:
            return
        before = self._entries.pop((configuration, key), None)
        if before is not None:
            self.used_bytes -= self._cost(before)
        self._entries[configuration, key] = value
        self.used_bytes += cost
        while self.used_bytes > self._max_bytes:
            _, evicted = self._entries.popitem(last=False)
            self.used_bytes -= self._cost(evicted)

    def __len__(self) -> int:
        return len(self._entries)

    def _cost(self, value: Sized) -> int:
        return _ENTRY_BYTES + self._item_bytes * len(value)
