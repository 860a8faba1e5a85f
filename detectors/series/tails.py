"""How likely it is that a count is as large as it is, or larger: Poisson, binomial, and where counts vary more than these say.

The incomplete gamma and beta functions by continued fractions and series, as in the textbooks (Abramowitz and Stegun 6.5, 26.5).
"""

from math import exp, lgamma, log, log1p

_TERMS = 10_000
_ENOUGH = 1e-14
_TINY = 1e-300


def poisson(count: int, mean: float) -> float:
    """The chance of that many or more, of so many that are expected."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    return _lower_gamma(count, mean)


def binomial(count: int, trials: int, share: float) -> float:
    """The chance of that many or more, of so many trials that each succeed with that chance."""
    if count <= 0:
        return 1.0
    if count > trials or share <= 0:
        return 0.0
    return _beta(count, trials - count + 1, min(1.0, share))


def dispersed(count: int, mean: float, dispersion: float) -> float:
    """Like ``poisson``, of counts whose variance is so many times their mean (negative binomial)."""
    if dispersion <= 1 + 1e-6:
        return poisson(count, mean)
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    return _beta(count, mean / (dispersion - 1), (dispersion - 1) / dispersion)


def _lower_gamma(shape: float, x: float) -> float:
    """Regularised, P(shape, x)."""
    front = exp(shape * log(x) - x - lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for at in range(1, _TERMS):
            term *= x / (shape + at)
            total += term
            if term < total * _ENOUGH:
                break
        return min(1.0, front * total)
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    found = d
    for at in range(1, _TERMS):
        step = -at * (at - shape)
        b += 2
        d = 1 / _not_zero(step * d + b)
        c = _not_zero(b + step / c)
        found *= d * c
        if abs(d * c - 1) < _ENOUGH:
            break
    return max(0.0, 1 - front * found)


def _beta(a: float, b: float, x: float) -> float:
    """Regularised, I_x(a, b)."""
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _beta_fraction(a, b, x) / a)
    return max(0.0, 1 - front * _beta_fraction(b, a, 1 - x) / b)


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    found = d
    for at in range(1, _TERMS):
        twice = a + 2 * at
        change = 1.0
        for step in (at * (b - at) * x / ((twice - 1) * twice), -(a + at) * (a + b + at) * x / (twice * (twice + 1))):
            d = 1 / _not_zero(1 + step * d)
            c = _not_zero(1 + step / c)
            change = d * c
            found *= change
        if abs(change - 1) < _ENOUGH:
            break
    return found


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
