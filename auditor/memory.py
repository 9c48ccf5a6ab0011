"""How much memory there is, and how much this process has taken at most."""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import resource


def peak_rss_bytes() -> int:
    """Largest resident set of this process so far, in bytes; 0 where the platform hides it."""
    if sys.platform == "win32":
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def memory_bytes() -> int:
    """How much memory this machine has, in bytes; 0 where the platform hides it."""
    if sys.platform == "win32":
        return 0
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
