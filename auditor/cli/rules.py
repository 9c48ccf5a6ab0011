"""`auditor rules list|show|check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.errors import UsageError

rules_app = typer.Typer(help="The rules that turn evidence into findings.", no_args_is_help=True)


@rules_app.command("list")
def list_rules() -> None:
    """List the rules that come with auditor."""
    from auditor.rules import shipped_rules

    for rule in shipped_rules():
        print(f"{rule.id:<18} {rule.severity.value:<9} {rule.title}")


@rules_app.command()
def show(rule_id: Annotated[str, typer.Argument(help="A rule's id.")]) -> None:
    """Show what a rule detects, how it is measured, and when it is wrong."""
    from auditor.rules import rule_page, shipped_rules

    known = [rule.id for rule in shipped_rules()]
    if rule_id not in known:
        raise UsageError(f"no such rule: {rule_id}", hint=f"There are: {', '.join(known)}.")
    print(rule_page(rule_id))


@rules_app.command()
def check(path: Annotated[Path, typer.Argument(help="A rule file or a folder of them.")]) -> None:
    """Check foreign rule files without running anything."""
    from auditor.rules import read_rules

    for rule in read_rules(path):
        print(f"{rule.id}: fine")
