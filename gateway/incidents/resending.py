"""What channels want to hear again and again for as long as it is so: an Alertmanager takes silence for the end. Pure and bounded."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.incidents.notice import Notice

RESEND_S = 60.0
RESOLVED_S = 300.0
"""For so long the end is told again, too."""
MAX_FIRING = 1000


@dataclass(frozen=True, slots=True)
class _Firing:
    notice: Notice
    sent_at: float
    until: float | None


class Resending:
    """What was told of each incident last."""

    def __init__(self, open_: Iterable[Notice] = ()) -> None:
        """``open_``: what goes on where a watch begins; told again at once."""
        self._firing = {each.incident: _Firing(each, 0.0, None) for each in open_}

    def told(self, notice: Notice, now: float) -> None:
        self._firing.pop(notice.incident, None)
        if len(self._firing) >= MAX_FIRING:
            del self._firing[next(iter(self._firing))]
        until = now + RESOLVED_S if notice.event == "resolve" else None
        self._firing[notice.incident] = _Firing(notice, now, until)

    def due(self, now: float) -> list[Notice]:
        """To be told again now."""
        self._firing = {each: firing for each, firing in self._firing.items() if firing.until is None or now < firing.until}
        due = [firing for firing in self._firing.values() if now - firing.sent_at >= RESEND_S]
        for each in due:
            self._firing[each.notice.incident] = replace(each, sent_at=now)
        return [each.notice for each in due]
