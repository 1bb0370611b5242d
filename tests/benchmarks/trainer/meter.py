"""What a stretch of work in this process costs: seconds and the greatest memory."""

from __future__ import annotations

import re
import resource
import sys
import time
from pathlib import Path

import mlx.core as mx

from tests.benchmarks.trainer.task import Cost

PROC = Path("/proc/self")


class Meter:
    """Runs from its making until `stop`; weights that are there already count as memory, not as time."""

    def __init__(self) -> None:
        mx.clear_cache()
        mx.reset_peak_memory()
        _reset_resident_peak()
        self._peak_bytes = 0
        self._wall_s, self._busy_s = time.perf_counter(), _busy_s()

    def sample(self) -> None:
        """To be called before anything that resets MLX's own peak."""
        self._peak_bytes = max(self._peak_bytes, mx.get_peak_memory())

    def stop(self, tokens: int) -> Cost:
        busy_s, wall_s = _busy_s() - self._busy_s, time.perf_counter() - self._wall_s
        self.sample()
        return Cost(tokens, busy_s, wall_s, self._peak_bytes, _resident_peak_bytes())


def on_cpu() -> bool:
    return mx.default_device() == mx.Device(mx.cpu)


def sgemm_peak_flops(size: int = 2048, tries: int = 5) -> float:
    """FLOP/s of the best of some float32 products of two size × size matrices: 2·size³ operations each."""
    left, right = mx.random.normal((size, size)), mx.random.normal((size, size))
    mx.eval(left, right)
    times_s = []
    for _ in range(tries):
        began_s = _busy_s()
        mx.eval(left @ right)
        times_s.append(_busy_s() - began_s)
    return 2 * size**3 / min(times_s)


def _busy_s() -> float:
    return time.process_time() if on_cpu() else time.perf_counter()


def _reset_resident_peak() -> None:
    """Linux alone can do it; elsewhere the peak is that of the whole process."""
    if PROC.is_dir():
        (PROC / "clear_refs").write_text("5")


def _resident_peak_bytes() -> int:
    if PROC.is_dir():
        found = re.search(r"VmHWM:\s+(\d+) kB", (PROC / "status").read_text())
        assert found is not None
        return 1024 * int(found[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
