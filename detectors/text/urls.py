"""Web addresses and domain names, by Presidio's endings, less what only looks like one.

Presidio's expression takes seconds for a line of dots, and it stops where a domain's ending ends, so that "email.The" holds "email.Th" and
"current.value" holds "current.va". Here each run of a host's characters is read once, and an ending ends there. Several endings are
also file endings or attributes in code ("setup.py", "user.name"); those count only behind a scheme, ``www.`` or before a path.
"""

import re
from collections.abc import Collection, Iterator

from detectors.text.raw import Raw

_MAX_HOST = 253
_HOST = re.compile(r"[a-zA-Z0-9.\-]{3,}")
_SCHEME = re.compile(r"https?://\Z", re.IGNORECASE)
_PATH = re.compile(r"/[^\s()<>\"']*")
_LABEL = re.compile(r"\.([a-zA-Z0-9\-]+)")
_ALSO_WORD_LIST = """
    as cc do id is map md mov name pl pr ps py rs run sh so st to zip
"""
_ALSO_WORDS = frozenset(_ALSO_WORD_LIST.split())


class Urls:
    """``endings``: top-level domains; a scheme makes a match surer."""

    entity = "URL"
    coarse = (r"[a-zA-Z0-9.-]\.[a-zA-Z]",)

    def __init__(self, context: tuple[str, ...], endings: Collection[str], with_scheme: float, plain: float) -> None:
        self.context = context
        self._endings = frozenset(endings)
        self._with_scheme, self._plain = with_scheme, plain
        self.triggers = (f"(?i)[a-z0-9.-][.](?:{'|'.join(sorted(endings))})(?:[^a-z0-9_(]|$)",)

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        for run in _HOST.finditer(stretch):
            start, last = run.span()
            while (host := self._host(stretch, start, last)) is not None:
                begin, end = host
                path = _PATH.match(stretch, end)
                start = path.end() if path else end
                yield from self._judged(stretch, begin, end, start)

    def _host(self, stretch: str, start: int, last: int) -> tuple[int, int] | None:
        """The first host in ``start:last``, as long as it can be."""
        found = None
        for label in _LABEL.finditer(stretch, start + 1, last):
            end = self._ending(stretch, label)
            if end is None:
                continue
            if found is None:
                found = max(start, label.start() - _MAX_HOST), end
            elif label.start() - found[0] <= _MAX_HOST:
                found = found[0], end
            else:
                break
        return found

    def _ending(self, stretch: str, label: re.Match[str]) -> int | None:
        """Where a domain's ending ends that is this label, or the part of it before a hyphen."""
        value = label[1]
        for part in (value, value.partition("-")[0]):
            end = label.start(1) + len(part)
            following = stretch[end : end + 1]
            if part.lower() in self._endings and not (following.isalnum() or following in ("_", "(")):
                return end
        return None

    def _judged(self, stretch: str, start: int, host_end: int, end: int) -> Iterator[Raw]:
        scheme = _SCHEME.search(stretch[max(0, start - 8) : start])
        if scheme:
            yield Raw(self.entity, start - len(scheme[0]), end, self._with_scheme)
        elif end > host_end or _is_domain(stretch[start:host_end]):
            yield Raw(self.entity, start, end, self._plain)


def _is_domain(host: str) -> bool:
    if host.lower().startswith("www"):
        return True
    ending = host.rpartition(".")[2]
    return ending.lower() not in _ALSO_WORDS and (ending.islower() or host.isupper())
