"""What is told again for as long as it is so."""

from gateway.incidents.resending import MAX_FIRING, RESEND_S, RESOLVED_S, Resending
from tests.gateway.incidents.notices import notice
from tests.gateway.incidents.symptoms import T0
from tests.gateway.incidents.test_outbox import END, OPEN, UPDATE, of


def test_while_it_fires():
    """Every minute, as it was told last; its end for five minutes, and then no more."""
    resending = Resending()
    resending.told(OPEN, T0)
    assert resending.due(T0 + RESEND_S - 1) == []
    assert resending.due(T0 + RESEND_S) == [OPEN]
    assert resending.due(T0 + RESEND_S + 1) == []
    resending.told(UPDATE, T0 + 70)
    assert resending.due(T0 + 70 + RESEND_S) == [UPDATE]
    resending.told(END, T0 + 200)
    told = [now for now in range(200, 1000, 10) if resending.due(T0 + now)]
    assert told == [260, 320, 380, 440]
    assert told[-1] < 200 + RESOLVED_S


def test_after_a_restart():
    """What goes on is told at once."""
    assert Resending([notice()]).due(T0) == [notice()]


def test_bounded():
    """However much goes on."""
    resending = Resending()
    for each in range(2 * MAX_FIRING):
        resending.told(of(each), T0)
    assert len(resending.due(T0 + RESEND_S)) == MAX_FIRING
