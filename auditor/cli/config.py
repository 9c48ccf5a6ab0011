"""`auditor config show|schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.scan import configuration_of, scan
from auditor.output.escaping import for_json, for_terminal

if TYPE_CHECKING:
    from auditor.configuration.merge import Configuration

config_app = typer.Typer(help="Settings: what holds, and where it was said.", no_args_is_help=True)


@config_app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[OPTIONS] [OPTIONS OF SCAN]",
)
def show(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings and suppressions; default: auditor.toml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the settings that a scan started here, with these options, would have, and why."""
    chosen = configuration_of(_as_scan(ctx.args, config))
    chosen.settings("MODEL")  # what a scan would refuse is refused here
    print(for_json(json.dumps(_document(chosen), indent=2)) if as_json else _table(chosen))


@config_app.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors."""
    from auditor.configuration.document import render_schema

    print(render_schema(), end="")


def _as_scan(arguments: list[str], config: Path | None) -> typer.Context:
    """The context that `auditor scan` would have with these options; nothing is run."""
    alone = typer.Typer(add_completion=False)
    alone.command()(scan)
    named = [] if config is None else ["--config", str(config)]
    made: Any = typer.main.get_command(alone).make_context(
        "auditor scan", [*named, *arguments, "--", "MODEL"]
    )
    context: typer.Context = made  # of whichever click typer uses
    return context


def _document(chosen: Configuration) -> dict[str, Any]:
    return {
        "file": None if chosen.file is None else str(chosen.file),
        "settings": {
            name: {"value": _plain(each.value), "source": each.source.value, "where": each.where}
            for name, each in chosen.given.items()
        },
        "ignore": [
            {
                "fingerprint": entry.fingerprint,
                "reason": entry.reason,
                "owner": entry.owner,
                "expires": entry.expires.isoformat(),
                "model": entry.model,
                "where": entry.where,
            }
            for entry in chosen.ignore
        ],
    }


def _table(chosen: Configuration) -> str:
    named = "none" if chosen.file is None else for_terminal(str(chosen.file), 300)
    rows = [("file", named, "")]
    rows += [
        (name.replace("_", "-"), _shown(_plain(each.value)), each.where)
        for name, each in chosen.given.items()
    ]
    rows += [
        ("ignore", f"{entry.fingerprint} until {entry.expires}", entry.where)
        for entry in chosen.ignore
    ]
    wide = max(len(value) for _, value, _ in rows)
    return "\n".join(f"{name:<13} {value:<{wide}}  {where}".rstrip() for name, value, where in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    parts = value if isinstance(value, list) else [value]
    return ", ".join(for_terminal(str(part), 300) for part in parts)
