"""Looks the pinned packages up among known vulnerabilities: `python tools/dependency_audit.py`.

pip-audit says "No known vulnerabilities found" also where its service knew none of the packages,
behind a mirror for instance. So its answers are counted here: a package that was not looked up is
never called free of anything. Exits 1 only where something is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
SECONDS = 300
NAMED = 5  # of the packages that were not looked up
COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"),
    *("--disable-pip", "--no-deps", "--requirement", str(CONSTRAINTS)),
)


def asked() -> list[dict[str, Any]] | None:
    """What the service said of each package; None where there was no answer."""
    try:
        ran = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS, check=False)
        answer = json.loads(ran.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        return None
    return answer if isinstance(answer, list) else None


def verdict(packages: Sequence[dict[str, Any]] | None) -> tuple[list[str], int]:
    """Lines to print, and the exit code."""
    looked_up = [each for each in packages or () if "vulns" in each]
    skipped = [str(each.get("name")) for each in packages or () if "vulns" not in each]
    if not looked_up:
        return ["dependency audit: NOT DONE, the vulnerability service could not be asked"], 0
    known = [
        f"dependency audit: {each['name']} {each['version']}: {vulnerability['id']}, "
        f"fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for each in looked_up
        for vulnerability in each["vulns"]
    ]
    more = f" and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
    left = f"; NOT looked up: {', '.join(skipped[:NAMED])}{more}" if skipped else ""
    what = "something is known of them" if known else "no vulnerability is known"
    said = f"dependency audit: {len(looked_up)} packages looked up, {what}{left}"
    return [*known, said], 1 if known else 0


def main() -> int:
    """Ask, and say what came of it."""
    lines, code = verdict(asked())
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
