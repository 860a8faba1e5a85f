"""How often people may be paged."""

from gateway.incidents.paging import MAX_APPS, PAGES, SHIFT_S, Page, PageBook
from tests.gateway.incidents.symptoms import T0


def page(number: int, severity: str = "error", at: float = T0) -> Page:
    return Page(f"inc-{number}", at, severity)


def test_two_a_shift_and_app():
    """The third of an app is told with the first; another app's, and one of the next shift, are told."""
    book = PageBook()
    assert [book.admit("a", page(each)) for each in range(3)] == [None, None, page(0)]
    assert book.admit("b", page(3)) is None
    assert book.admit("a", page(4, at=T0 + SHIFT_S)) is None


def test_what_is_worse_is_told():
    """Two small pages do not buy an attacker a shift in which nobody hears of a great one."""
    book = PageBook()
    for each in range(PAGES):
        assert book.admit("a", page(each, "error")) is None
    assert book.admit("a", page(2, "critical")) is None
    assert book.admit("a", page(3, "error")) == page(0)


def test_bounded():
    """However many apps there are."""
    book = PageBook()
    for each in range(2 * MAX_APPS):
        book.admit(f"app-{each}", page(each))
    assert len(book.pages) == MAX_APPS
