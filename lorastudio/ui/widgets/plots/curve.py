"""A curve that stays small however long a run is: points are gathered in buckets that widen as the run grows."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple

SMOOTHING = 0.6
MOST_BUCKETS = 1000


@dataclass(slots=True)
class _Bucket:
    """Neighbouring points: the lowest and the highest by their steps, and the smoothed value after the last one."""

    first: float
    low: tuple[float, float]
    high: tuple[float, float]
    last: float
    smooth: float

    def take(self, other: _Bucket) -> None:
        self.low = min(self.low, other.low, key=_height)
        self.high = max(self.high, other.high, key=_height)
        self.last, self.smooth = other.last, other.smooth


class Points(NamedTuple):
    """What is drawn: two lists of one length."""

    x: list[float]
    y: list[float]


class Curve:
    """Values by step. Steps that come again (a resumed run repeats some) replace what was there from them on.

    Smoothing is an exponential moving average, s = 0.6 s + 0.4 y, from the first value on. Values that are not
    finite are kept apart, as `gaps`. At most `most` buckets are held: a line keeps its peaks, not every point.
    """

    def __init__(self, *, smoothing: float = SMOOTHING, most: int = MOST_BUCKETS) -> None:
        self._smoothing = smoothing
        self._most = most
        self._width = 1
        self._filled = 0
        self._buckets: list[_Bucket] = []
        self.gaps: list[float] = []
        self.value: float | None = None

    @property
    def smoothed(self) -> float | None:
        """The smoothed value now, None without any."""
        return self._buckets[-1].smooth if self._buckets else None

    @property
    def last_step(self) -> float:
        ends = [bucket.last for bucket in self._buckets[-1:]] + self.gaps[-1:]
        return max(ends, default=0.0)

    def add(self, step: float, value: float | None) -> None:
        """One more point; None and NaN make a gap."""
        if step <= self.last_step:
            self.forget_after(step - 1)
        if value is None or not math.isfinite(value):
            self.gaps.append(step)
            return
        before = self.smoothed
        share = self._smoothing
        smooth = value if before is None else share * before + (1.0 - share) * value
        self.value = value
        self._put(_Bucket(step, (step, value), (step, value), step, smooth))

    def raw(self) -> Points:
        """The points, or where there are too many the lowest and highest of each bucket."""
        points: list[tuple[float, float]] = []
        for bucket in self._buckets:
            points += sorted({bucket.low, bucket.high})
        return Points([x for x, _ in points], [y for _, y in points])

    def smooth(self) -> Points:
        """The smoothed curve."""
        return Points([bucket.last for bucket in self._buckets], [bucket.smooth for bucket in self._buckets])

    def height_at(self, step: float) -> float:
        """The smoothed value that stood at `step`; 0 where nothing came before it."""
        place = bisect_left(self._buckets, step, key=_first) - 1
        return self._buckets[place].smooth if place >= 0 else 0.0

    def _put(self, bucket: _Bucket) -> None:
        if self._buckets and self._filled < self._width:
            self._buckets[-1].take(bucket)
            self._filled += 1
            return
        self._buckets.append(bucket)
        self._filled = 1
        if len(self._buckets) > self._most:
            self._halve()

    def _halve(self) -> None:
        """Join each two neighbours; the last bucket may then be half full."""
        halved = self._buckets[::2]
        for kept, other in zip(halved, self._buckets[1::2], strict=False):
            kept.take(other)
        odd = len(self._buckets) % 2
        self._buckets = halved
        self._filled = self._width if odd else 2 * self._width
        self._width *= 2

    def forget_after(self, step: float) -> None:
        """Drop what came after `step`."""
        while self._buckets and self._buckets[-1].last > step:
            self._buckets.pop()
        while self.gaps and self.gaps[-1] > step:
            self.gaps.pop()
        self._filled = self._width  # what comes now begins a bucket of its own
        self.value = self._buckets[-1].smooth if self._buckets else None


def _height(point: tuple[float, float]) -> float:
    return point[1]


def _first(bucket: _Bucket) -> float:
    return bucket.first
