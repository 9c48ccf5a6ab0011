"""The house rules that a machine can check: layering, late imports, rule triples, sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "auditor"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    *("torch", "transformers", "onnx", "onnxruntime", "pyarrow", "huggingface_hub"),
    *("kornia", "scipy", "sklearn"),
}
RULE_HEADINGS = [
    "What it detects",
    "Why it matters",
    "How it is measured",
    "Known false alarms",
    "What to do",
    "References",
]

# What each room may import from inside auditor. A room not named here may import nothing.
# Nothing later in the flow is known to anything earlier.
NOUNS = {"types", "errors", "shipped", "memory", ""}
LAYERS: dict[str, set[str]] = {
    "choices": set(),
    "files": set(),
    "types": {"choices", "files"},
    "errors": set(),
    "shipped": set(),
    "memory": set(),
    "changes": {"types"},
    "checkpoints": NOUNS,
    "models": NOUNS | {"checkpoints"},
    "datasets": NOUNS | {"checkpoints"},
    "entities": NOUNS | {"answers", "checkpoints", "datasets", "models"},
    "answers": NOUNS | {"models"},
    "probes": NOUNS | {"entities", "datasets", "models"},
    "references": NOUNS | {"checkpoints", "datasets", "models"},
    "evidence": NOUNS | {"datasets", "entities", "probes", "references"},
    "rules": NOUNS,
    "judge": NOUNS | {"rules"},
    "judge_files": NOUNS | {"rules"},
    "intake": NOUNS | {"checkpoints", "judge_files", "models", "rules"},
    "config": NOUNS | {"models", "probes"},
    "configuration": NOUNS | {"answers", "checkpoints", "config", "output"},
    "gate": NOUNS,
    "diff": NOUNS | {"checkpoints", "gate", "output"},
    "accepted": NOUNS | {"checkpoints", "config", "diff", "output"},
    "silence": NOUNS | {"config", "evidence", "perturbing", "probes", "references", "rules"},
    "remarks": NOUNS | {"entities", "evidence", "probes"},
    "watch": set(),
    "sources": NOUNS | {"config", "datasets"},
    "sequence": NOUNS | {"evidence", "perturbing", "probes", "references"},
    "hearing": NOUNS
    | {"checkpoints", "config", "evidence", "models", "perturbing", "probes", "references"}
    | {"sequence", "watch"},
    "asking": NOUNS | {"answers", "config", "entities", "models", "probes", "references"},
    "perturbing": NOUNS | {"entities", "evidence", "models", "probes", "references"},
    "audit": NOUNS
    | {"asking", "checkpoints", "config", "datasets", "entities", "evidence", "hearing", "intake"}
    | {"judge"}
    | {"models", "probes", "references", "remarks", "rules", "sequence", "silence", "sources"}
    | {"watch"},
    "repair": NOUNS
    | {"audit", "checkpoints", "config", "datasets", "entities", "evidence", "models", "probes"}
    | {"references", "rules"},
    "box": NOUNS,
    "boxed": NOUNS
    | {"answers", "audit", "box", "changes", "checkpoints", "config", "datasets", "entities"}
    | {"intake", "models", "output", "remedy", "repair", "sequela", "sources", "watch"},
    "sequela": NOUNS
    | {"audit", "changes", "checkpoints", "datasets", "entities", "evidence", "models"}
    | {"references"},
    "lab": NOUNS
    | {"perturbing"}
    | {"checkpoints", "config", "datasets", "entities", "evidence", "models", "probes", "rules"}
    | {"asking", "audit", "references", "repair", "changes", "sequela"},
    "remedy": NOUNS
    | {"audit", "changes", "checkpoints", "config", "intake", "models", "output", "probes"}
    | {"repair", "rules", "sequela"},
    "output": NOUNS | {"changes", "repair", "rules"},  # of repair its records, which load nothing
    "cli": NOUNS
    | {"config", "datasets", "entities", "evidence", "lab", "models", "output", "probes"}
    | {"rules", "audit", "accepted", "configuration", "diff", "gate", "intake", "repair"}
    | {"boxed", "changes", "remedy", "sequela", "watch"},
    "": {
        "boxed",
        "accepted",
        "audit",
        "changes",
        "config",
        "configuration",
        "remedy",
        "sequela",
        "types",
        "output",
        "errors",
    },  # auditor/__init__.py: the public API
    "__main__": {"cli"},
}


def room_of(module: Path) -> str:
    relative = module.relative_to(PACKAGE)
    name = relative.parts[0].removesuffix(".py")
    return "" if name == "__init__" else name


def imported_rooms(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {
        [*name.split("."), ""][1] for name in names if name == "auditor" or name[:8] == "auditor."
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_a_room_imports_only_what_comes_before_it(module):
    room = room_of(module)
    assert room in LAYERS, f"{room} is a room that LAYERS does not know"
    assert imported_rooms(module) - {room} <= LAYERS[room]


def test_the_layers_have_no_cycle():
    done: set[str] = set()
    left = {room: set(needs) - {room, ""} for room, needs in LAYERS.items() if room}
    while left:
        ready = {room for room, needs in left.items() if needs <= done}
        assert ready, f"a cycle among {sorted(left)}"
        done |= ready
        left = {room: needs for room, needs in left.items() if room not in ready}


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["scan", "--help"],
        ["remediate", "--help"],
        ["sequela", "--help"],
        ["rules", "list"],
        ["report", "convert", "--help"],
        ["config", "show"],
    ],
)
def test_light_commands_load_no_heavy_package(command):
    code = (
        "import sys\n"
        "from auditor.cli.main import app\n"
        f"try:\n    app({command!r})\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', sorted(set(sys.modules) & {HEAVY!r}), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "heavy: []" in ran.stderr


def test_importing_auditor_is_light():
    code = f"import sys, auditor; print(sorted(set(sys.modules) & ({HEAVY!r} | {{'numpy'}})))"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == "[]"


RULES = sorted(path.stem for path in (ROOT / "rules").glob("*.yaml"))


def test_there_are_rules():
    assert RULES


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_one_yaml_one_page_one_test(rule):
    page = ROOT / "rules" / f"{rule}.md"
    assert page.is_file()
    headings = [
        line.removeprefix("## ")
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    ]
    assert headings == RULE_HEADINGS
    assert (ROOT / "tests" / "rules" / f"test_{rule.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_functions_fit_on_a_screen_and_files_hold_one_room(module):
    text = module.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines"


def test_only_the_command_line_prints():
    for module in MODULES:
        if room_of(module) != "cli":
            calls = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            assert not [
                n
                for n in calls
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print"
            ], module
