"""How often one application's people may be paged: so often in a shift; what is worse than all of those is told all the same. Bounded."""

from dataclasses import dataclass

from gateway.incidents.incident import SEVERITIES, Severity

SHIFT_S = 12 * 3600.0
PAGES = 2
MAX_APPS = 1000


@dataclass(frozen=True, slots=True)
class Page:
    incident: str
    at: float
    severity: Severity


class PageBook:
    """Pages of the last ``SHIFT_S``, by application."""

    def __init__(self, pages: dict[str, tuple[Page, ...]] | None = None) -> None:
        self.pages = dict(pages or {})

    def admit(self, app: str, page: Page) -> Page | None:
        """None: it is told, and written down. Else the first page of the shift, with which it is told instead."""
        recent = tuple(each for each in self.pages.pop(app, ()) if 0 <= page.at - each.at < SHIFT_S)
        as_bad = [each for each in recent if SEVERITIES.index(each.severity) >= SEVERITIES.index(page.severity)]
        if len(as_bad) >= PAGES:
            self.pages[app] = recent
            return as_bad[0]
        if len(self.pages) >= MAX_APPS:
            del self.pages[next(iter(self.pages))]
        self.pages[app] = (*recent, page)
        return None
