"""A share of exchanges, step by step: whether more of them fail, are blocked, are slow than usual; or fewer.

How unlikely a share is, is told by a bound that holds for all counts (Chernoff's), widened by how much the share varies anyway and by how
little is known of it. It must besides have changed by so much that somebody would care. While it has, nothing is learned of it; what lasts
very long becomes what is usual.
"""

from math import log
from typing import Any, Final, Literal, NamedTuple

_FAST, _SLOW = 0.8, 0.97
"""What a step leaves of the counts before it: of about a minute, and of five."""
_KEEP = 0.999
_VARIES = 0.02
_MOST_VARIES = 25.0
_SUM_OF_SQUARES = 0.56
"""The variance of the fast counts, of that of as many that count whole."""
_LEARNED_STEPS, _LEARNED = 20, 30.0
_FEW_HITS, _FEW_TRIES = 2.5, 5.0
_CALM, _MOST_LEVEL = 0.5, 100.0
_GONE: Final = 0.6
"""Of what is usual: so much is gone where a share has fallen."""


class Care(NamedTuple):
    """When a change is worth telling."""

    rise: float = 0.03
    """By so much of the exchanges at least,"""
    times: float = 2.0
    """and to so many times what is usual."""
    falls: bool = False
    """Whether a fall is worth it too: of what was usual in a fifth of the exchanges, or as many as ``rise``."""
    accept_s: float = 3600.0
    """What lasts so long is usual."""


class Rise:
    __slots__ = (
        "_fast_hits", "_fast_tries", "_learned", "_run_hits", "_run_tries", "_slow_hits", "_slow_tries", "_usual_hits", "_usual_tries",
        "_varies", "began", "direction", "hits", "is_told", "level", "since", "tries",
    )  # fmt: skip

    def __init__(self) -> None:
        self.hits = self.tries = 0
        """Of the step that is not over; to be counted up."""
        self.level = 0.0
        self.direction: Literal[-1, 0, 1] = 0
        self.is_told = False
        """Whether it is so: from level 1 until it is below a half."""
        self.since = 0.0
        """Since when the level is not calm; 0: it is."""
        self.began = 0.0
        """Since when the share is on the same side of what is usual, where it is far off; 0: it is not."""
        self._fast_hits = self._fast_tries = self._slow_hits = self._slow_tries = 0.0
        self._usual_hits = self._usual_tries = 0.0
        self._run_hits = self._run_tries = 0
        """Since ``began``."""
        self._varies = 1.0
        self._learned = 0

    @property
    def usual(self) -> float:
        return (self._usual_hits + 0.5) / (self._usual_tries + 1)

    @property
    def share(self) -> float:
        return self._fast_hits / self._fast_tries if self._fast_tries else 0.0

    @property
    def known(self) -> int:
        """Exchanges that what is usual was learned from."""
        return int(self._usual_tries)

    @property
    def is_ready(self) -> bool:
        return self._learned >= _LEARNED_STEPS and self._usual_tries >= _LEARNED

    def expect(self, share: float, worth: float, steps: int = 0) -> None:
        """What is usual, where that is known otherwise than by what was counted here; of so many steps."""
        self._usual_hits, self._usual_tries = share * worth, worth
        self._learned = max(self._learned, min(steps, _LEARNED_STEPS))

    def close(self, start: float, end: float, surprise: float, care: Care) -> bool:
        """A step is over: whether there is anything to tell. ``surprise``: minus the logarithm of the chance at which it is told."""
        hits, tries = self.hits, self.tries
        self.hits = self.tries = 0
        self._fast_hits = _FAST * self._fast_hits + hits
        self._fast_tries = _FAST * self._fast_tries + tries
        self._slow_hits = _SLOW * self._slow_hits + hits
        self._slow_tries = _SLOW * self._slow_tries + tries
        if not tries:
            return False
        if not self.is_ready:
            self._learn(hits, tries)
            return False
        usual = self.usual
        side = self._begin(start, hits, tries, care)
        self._judge(usual, surprise, care, side)
        if self.level < _CALM:
            if self.is_told:
                self._slow_hits, self._slow_tries = self._fast_hits, self._fast_tries
                self.began, self._run_hits, self._run_tries = 0.0, 0, 0
            self.is_told, self.since, self.direction = False, 0.0, 0
            self._learn(hits, tries)
            return False
        self.since = self.since or end
        if end - self.since >= care.accept_s:
            self._accept()
            return False
        self.is_told = self.is_told or self.level >= 1
        return self.is_told

    def _begin(self, start: float, hits: int, tries: int, care: Care) -> int:
        """To which side the step is far off; those in a row that all are count together."""
        share, usual = hits / tries, self.usual
        side = 0
        if share - usual >= max(care.rise, (care.times - 1) * usual) / 2:
            side = 1
        elif care.falls and usual >= care.rise and usual - share >= usual / 2:
            side = -1
        before = 0 if not self._run_tries else 1 if self._run_hits > usual * self._run_tries else -1
        if side and before in (0, side):
            self.began = self.began or start
            self._run_hits += hits
            self._run_tries += tries
        elif not self.is_told:
            self.began, self._run_hits, self._run_tries = (start, hits, tries) if side else (0.0, 0, 0)
        return side

    def _judge(self, usual: float, surprise: float, care: Care, side: int) -> None:
        """What goes on is as likely as it was since it began; how far off it still is, is said by what was seen of late."""
        fast = self._sides(self._fast_hits, self._fast_tries, usual, surprise, care)
        slow = self._sides(self._slow_hits, self._slow_tries, usual, surprise, care)
        run = self._sides(self._run_hits, self._run_tries, usual, surprise, care)
        if not self.is_told:
            _, _, self.level, self.direction = max((run, fast, slow), key=lambda each: each[2])
            return
        effect, _, _, direction = fast if self._fast_tries >= _FEW_TRIES else slow
        if side == self.direction and run[0] > effect:
            effect, _, _, direction = run
        self.level = min(effect, max(fast[1], slow[1], run[1])) if direction == self.direction else 0.0

    def _sides(self, hits: float, tries: float, usual: float, surprise: float, care: Care) -> tuple[float, float, float, Literal[-1, 0, 1]]:
        """How far off as a part of what is worth telling, how unlikely as a part of what is told, the lesser of both, and to which side."""
        share = hits / tries if tries else usual
        if share >= usual:
            effect = (share - usual) / max(care.rise, (care.times - 1) * usual) if hits >= _FEW_HITS else 0.0
            direction: Literal[-1, 0, 1] = 1
        else:
            effect = (usual - share) / (_GONE * usual) if care.falls and usual >= care.rise else 0.0
            direction = -1
        if effect <= 0.0:
            return 0.0, 0.0, 0.0, 0
        worth = tries / (self._varies * (1 + tries / self._usual_tries))
        unlikely = worth * divergence(share, usual) / surprise
        effect = min(effect, _MOST_LEVEL)
        return effect, unlikely, min(effect, unlikely), direction

    def _learn(self, hits: int, tries: int) -> None:
        if self._learned >= _LEARNED_STEPS:
            self._learn_varies()
        self._usual_hits = _KEEP * self._usual_hits + hits
        self._usual_tries = _KEEP * self._usual_tries + tries
        self._learned = min(self._learned + 1, _LEARNED_STEPS)

    def _learn_varies(self) -> None:
        usual, tries = self.usual, self._fast_tries
        variance = _SUM_OF_SQUARES * tries * usual * (1 - usual) * (1 + tries / max(1.0, self._usual_tries))
        if variance > 0:
            seen = (self._fast_hits - usual * tries) ** 2 / variance
            self._varies = max(1.0, self._varies + _VARIES * (min(seen, _MOST_VARIES) - self._varies))

    def _accept(self) -> None:
        """What goes on so long is usual from now on."""
        self._usual_hits, self._usual_tries = self._slow_hits, self._slow_tries
        self.is_told, self.since, self.began, self.level, self.direction = False, 0.0, 0.0, 0.0, 0
        self._run_hits = self._run_tries = 0

    def as_json(self) -> list[Any]:
        return [
            self.hits, self.tries, self.level, self.direction, self.is_told, self.since, self.began, self._fast_hits, self._fast_tries,
            self._slow_hits, self._slow_tries, self._usual_hits, self._usual_tries, self._varies, self._learned, self._run_hits,
            self._run_tries,
        ]  # fmt: skip

    def read_json(self, saved: list[Any]) -> None:
        (
            self.hits, self.tries, self.level, self.direction, self.is_told, self.since, self.began, self._fast_hits, self._fast_tries,
            self._slow_hits, self._slow_tries, self._usual_hits, self._usual_tries, self._varies, self._learned, self._run_hits,
            self._run_tries,
        ) = saved  # fmt: skip


def divergence(share: float, usual: float) -> float:
    """Kullback and Leibler's, of two shares: for each exchange, how much the one speaks against the other. ``usual`` is neither 0 nor 1."""
    found = 0.0
    if share > 0:
        found += share * log(share / usual)
    if share < 1:
        found += (1 - share) * log((1 - share) / (1 - usual))
    return max(found, 0.0)
