"""The simulated month."""

from itertools import pairwise

from gateway.cli.month import BLIPS_A_DAY, DAYS, EACH, FINDS, MINUTES, OUTAGES, Fault, Found, faults, found, symptom, traffic


def test_faults():
    """So many outages of each size, apart from each other, and harmless blips apart from them; the same by the same seed."""
    made = faults(1)
    outages = [each for each in made if each.is_outage]
    assert sorted((each.share, each.minutes) for each in outages) == sorted(OUTAGES * EACH)
    assert all(one.end + 120 < other.at for one, other in pairwise(outages))
    blips = [each for each in made if not each.is_outage]
    assert DAYS * BLIPS_A_DAY * 0.9 < len(blips) <= DAYS * BLIPS_A_DAY
    assert not any(out.at - 60 <= each.at <= out.end + 60 for each in blips for out in outages)
    assert made == faults(1) != faults(2)


def test_traffic():
    """It fails as faults say, and hardly ever besides; there is no minute without an answer, though one may be without an exchange."""
    fault = Fault(1000, 100, 1.0, True)
    minutes = list(traffic(1, 60, [fault]))
    assert [each[0] for each in minutes] == list(range(MINUTES))
    assert all(bad == total for minute, bad, total in minutes if fault.at <= minute < fault.end)
    usual = [each for each in minutes if not fault.at <= each[0] < fault.end]
    assert 0.0008 < sum(each[1] for each in usual) / sum(each[2] for each in usual) < 0.0012
    assert 58 < sum(each[2] for each in minutes) / MINUTES < 62
    assert all(0 <= bad <= total for _, bad, total in traffic(1, 6, faults(1)))


def test_found():
    """A detector tells of a fault while it lasts, and once a day of nothing; most outages of everything are found by most."""
    fault = Fault(1000, 100, 1.0, True)
    runs = [found(seed, [fault]) for seed in range(100)]
    of_it = [each for run in runs for each in run if fault.at <= each.first < fault.at + 30 and each.last == fault.end - 1]
    assert 100 * len(FINDS) * 0.7 < len(of_it) <= 100 * len(FINDS)
    assert all(len(run) <= len(FINDS) * (DAYS + 1) for run in runs)


def test_symptom():
    """It says since when it has been told, and that users see it where it is of a metric."""
    made = symptom(Found("metric", 10, 20, True), 15)
    assert (made.at - made.onset, made.is_harm, made.about) == (359, True, "errors")
    assert symptom(Found("log", 10, 20, False), 10).about == "logs"
