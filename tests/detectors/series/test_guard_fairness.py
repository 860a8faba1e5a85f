"""Whether our own guards treat groups alike."""

from detectors.series.guard_fairness import Judged, Treatment, treatments


def judged(group: str, fired: int, size: int, is_benign: bool | None = True, stratum: str = "", rule: str = "toxic") -> list[Judged]:
    return [Judged(group, rule, at < fired, is_benign, stratum) for at in range(size)]


def of(found: list[Treatment], group: str, measure: str = "false alarms") -> Treatment:
    return next(each for each in found if (each.group, each.measure) == (group, measure))


def test_a_dialect_that_alarms_wrongly():
    """A rule that fires twelve times as often on the benign texts of one dialect is unfair to it, and its mirror is told too."""
    found = treatments([*judged("aave", 36, 300), *judged("standard", 3, 300)])
    assert found[0].is_unfair
    told = of(found, "aave")
    assert told.rate is not None
    assert told.times is not None
    assert (told.is_unfair, told.rate.value, told.times.value) == (True, 0.12, 12)


def test_fair():
    """The same rates, and differences too small to matter, are no finding, however sure."""
    assert not any(each.is_unfair for each in treatments([*judged("a", 20, 400), *judged("b", 21, 400)]))
    assert not any(each.is_unfair for each in treatments([*judged("a", 12_000, 20_000), *judged("b", 10_000, 20_000)]))


def test_texts_that_deserve_it():
    """More toxic texts in one group make its rule fire more often, but are no false alarms."""
    found = treatments([*judged("a", 100, 100, is_benign=False), *judged("a", 5, 200), *judged("b", 5, 200)])
    assert of(found, "a", "fires").is_unfair
    assert not of(found, "a").is_unfair


def test_strata():
    """Groups are compared within sources: what these explain is no finding."""
    texts = [*judged("a", 40, 400, stratum="forum"), *judged("b", 10, 100, stratum="forum"), *judged("a", 1, 100), *judged("b", 4, 400)]
    assert not any(each.is_unfair for each in treatments(texts))


def test_too_few():
    """Nothing is shown of fewer than thirty texts."""
    found = of(treatments([*judged("a", 29, 29), *judged("b", 0, 500)]), "a")
    assert (found.size, found.rate, found.p_value, found.is_unfair) == (29, None, None, False)


def test_never_fired():
    """A rule that is silent on all is fair."""
    found = of(treatments([*judged("a", 0, 100), *judged("b", 0, 100)]), "a")
    assert (found.times, found.is_unfair) == (None, False)
    assert found.rate is not None


def test_nothing():
    """Of no texts there is nothing to say."""
    assert treatments([]) == []
