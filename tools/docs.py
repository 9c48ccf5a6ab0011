"""Writes the parts of `docs/` that follow from other files: `python tools/docs.py`, or `make docs`.

The index of rules comes from `rules/`, the tables of what was missed from `reports/detection/` and
`reports/evasion/`, the list of hostile inputs from the tests that run them.
`tests/docs/test_generated.py` fails where one of them is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from auditor.lab.evasion.page import table_of  # noqa: E402
from auditor.rules import rule_page, shipped_rules  # noqa: E402
from tests.hostile.table import GROUPS  # noqa: E402

RULES = ROOT / "docs" / "rules.md"
HOSTILE = ROOT / "docs" / "hostile-inputs.md"
THREATS = ROOT / "docs" / "threat-model.md"
DETECTION = ROOT / "reports" / "detection" / "detection.json"
BEGIN, END = "<!-- misses:begin -->", "<!-- misses:end -->"
EVASION = ROOT / "reports" / "evasion" / "evasion.json"
EVASION_BEGIN, EVASION_END = "<!-- evasion:begin -->", "<!-- evasion:end -->"
SCANS = {
    "scanner": "checkpoint only",
    "scanner+base": "with its base",
    "scanner+base+data": "with base and clean data",
}
SUMS = ("all", "any entity", "any pattern")
RULES_HEAD = """# Rules

<!-- Made by `make docs` from rules/*.yaml and rules/*.md. -->

A rule turns one kind of evidence into a finding. *Severity* says how bad the finding is if it is
true, and is what `--fail-on` compares; *confidence* says how often the rule is right. Each page
says what is measured, when the rule is wrong and what to do. `auditor rules show RULE` prints it.

| rule | severity | confidence | what it detects |
| --- | --- | --- | --- |
"""


def rules_index() -> str:
    """The page `docs/rules.md`."""
    rows = []
    for rule in shipped_rules():
        detects = _section(rule_page(rule.id), "What it detects")
        rows.append(
            f"| [{rule.id}](../rules/{rule.id}.md) | {rule.severity} | {rule.confidence} "
            f"| {detects} |\n"
        )
    return RULES_HEAD + "".join(rows)


def hostile_inputs() -> str:
    """The page `docs/hostile-inputs.md`."""
    count = sum(len(cases) for cases in GROUPS.values())
    lines = [
        "# Hostile inputs",
        "",
        "<!-- Made by `make docs` from tests/hostile/. -->",
        "",
        f"{count} inputs that tests make and run through `auditor scan`. Each has to end with the",
        "exit code given and to name the file or option and the reason; none may run anything (a",
        "file and a loopback socket would tell), take 20 seconds or 1.5 GB. *Early* is what is",
        "refused before torch, transformers or ONNX Runtime is imported.",
        "",
    ]
    for title, cases in GROUPS.items():
        lines += [f"## {title}", "", "| input | what it is | exit | early | says | finding |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines += [
            f"| {each.name} | {each.about} | {each.exit} | {'yes' if each.early else 'no'} "
            f"| {each.says} | {each.finding or ''} |"
            for each in cases
        ]
        lines.append("")
    return "\n".join(lines)


def misses() -> str:
    """The table of `docs/threat-model.md`: of each attack, how many victims had no finding."""
    document = json.loads(DETECTION.read_text(encoding="utf-8"))
    tables = {name: document["detectors"][name]["by_attack"] for name in SCANS}
    attacks = list(next(iter(tables.values())))
    lines = [
        f"| attack | victims | {' | '.join(f'missed, {title}' for title in SCANS.values())} |",
        f"| --- | --- |{' --- |' * len(SCANS)}",
    ]
    for attack in sorted(attacks, key=lambda name: (name not in SUMS, attacks.index(name))):
        victims = next(iter(tables.values()))[attack]["victims"]
        missed = " | ".join(_missed(table[attack]) for table in tables.values())
        lines.append(f"| {attack} | {victims} | {missed} |")
    zoo, fpr = document["zoo"], document["settings"]["fpr"]
    made = (
        f"{zoo['backdoored']} backdoored models, `--fpr {fpr:g}`; {zoo['failed']} more attempts "
        "never worked and are left out. Made by `make docs` from "
        "`reports/detection/detection.json`."
    )
    return "\n".join([*lines, "", made])


def threat_model(page: str) -> str:
    """The page with its tables as they have to be."""
    page = _between(page, BEGIN, END, misses())
    if not EVASION.is_file():
        return page
    return _between(page, EVASION_BEGIN, EVASION_END, table_of(json.loads(EVASION.read_text())))


def _between(page: str, begin: str, end: str, text: str) -> str:
    before, rest = page.split(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"


def _missed(figures: dict[str, Any]) -> str:
    models = figures["called"]["models"]
    return f"{models - round(figures['called']['value'] * models)}/{models}"


def _section(page: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n\n(.*?)\n\n", page, re.DOTALL | re.MULTILINE)
    if found is None:
        raise ValueError(f"a page has nothing under {heading!r}")
    return " ".join(found[1].split()).replace("|", "\\|")


def main() -> None:
    """Write all of them."""
    RULES.write_text(rules_index(), encoding="utf-8")
    HOSTILE.write_text(hostile_inputs(), encoding="utf-8")
    THREATS.write_text(threat_model(THREATS.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
