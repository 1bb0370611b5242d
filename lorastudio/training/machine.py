"""The memory of this machine, read from the system alone."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
# Metal's recommended working set is two thirds to three quarters of a Mac's memory; the rest is the system's.
MAC_SHARE = 0.7
# Of what is free on other systems: the program itself, its window and the files' cache need the rest.
FREE_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class MachineMemory:
    """`total_bytes` of the machine (or of the container that we are in), `budget_bytes` what training may take."""

    total_bytes: int
    budget_bytes: int

    def as_record(self) -> dict[str, Any]:
        return {"total_bytes": self.total_bytes, "budget_bytes": self.budget_bytes}


def machine_memory() -> MachineMemory:
    """On macOS a share of all memory, which the GPU uses too; elsewhere a share of what is free now."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if sys.platform == "darwin":
        return MachineMemory(total, round(MAC_SHARE * total))
    free = _meminfo_bytes("MemAvailable", total)
    limit, used = _cgroup_bytes("memory.max"), _cgroup_bytes("memory.current") or 0
    if limit is not None and limit < total:
        total, free = limit, min(free, max(0, limit - used))
    return MachineMemory(total, round(FREE_SHARE * free))


def _meminfo_bytes(name: str, otherwise: int) -> int:
    """A figure of /proc/meminfo (https://man7.org/linux/man-pages/man5/proc_meminfo.5.html), which is in kibibytes."""
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    except (OSError, ValueError, StopIteration):
        return otherwise


def _cgroup_bytes(name: str) -> int | None:
    """A figure of our control group (https://docs.kernel.org/admin-guide/cgroup-v2.html); None without a limit."""
    try:
        return int((CGROUP / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
