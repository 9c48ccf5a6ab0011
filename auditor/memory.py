"""How much memory this process has taken at most."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource


def peak_rss_bytes() -> int:
    """Largest resident set of this process so far, in bytes; 0 where the platform hides it."""
    if sys.platform == "win32":
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
