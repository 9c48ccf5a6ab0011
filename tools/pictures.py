"""Makes the pictures of the README: `python tools/pictures.py [REPORT.json]`, or `make pictures`.

Without a stored report, the demo is run and its victim scanned. The terminal is drawn by rich.
The page is photographed by a browser that is on the PATH, and only of the demo, because a page
shows probes, and photographs of others stay out of the repository.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from auditor.lab.demo import FALSE_POSITIVE_RATE  # noqa: E402
from auditor.output.read_v1 import read_file  # noqa: E402
from auditor.output.write import FORMATS, Page, render  # noqa: E402

TERMINAL = ROOT / "docs" / "pictures" / "terminal.svg"
PAGE = ROOT / "docs" / "pictures" / "report.png"
COLUMNS = 100
LINES = 41
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PAGE_SIZE = (1100, 1300)
COLOURS = 96  # a page of text and plots needs no more, and the file stays small
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def scan(room: Path) -> Path:
    """The JSON report of the demo's victim; its source reads `demo/victim`."""
    auditor = [sys.executable, "-m", "auditor"]
    subprocess.run([*auditor, "demo", "--out", "demo"], cwd=room, check=True)
    options = ["--entities", "rendered", "--fpr", str(FALSE_POSITIVE_RATE), "--fail-on", "never"]
    command = [*auditor, "scan", "demo/victim", *options, "--output", "json=report.json"]
    subprocess.run(command, cwd=room, check=True, stdout=subprocess.DEVNULL)
    return room / "report.json"


def draw_terminal(report: Path) -> str:
    """The first lines of the report as a terminal shows them, as SVG that loads no font."""
    text = render(read_file(report), "rich", Page(width=COLUMNS, color=True))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(text.splitlines()[:LINES])))
    drawn = console.export_svg(title="auditor", unique_id="auditor")
    return "\n".join(line.rstrip() for line in _FONT_FACE.sub("", drawn).splitlines()) + "\n"


def photograph(report: Path, browser: str, room: Path) -> Image.Image:
    """The upper part of the HTML report as a browser shows it."""
    page, picture = room / "report.html", room / "page.png"
    page.write_text(render(read_file(report), "html"), encoding="utf-8")
    width, height = PAGE_SIZE
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    size = [f"--window-size={width},{height}", f"--screenshot={picture}"]
    subprocess.run([browser, *options, *size, page.as_uri()], check=True, capture_output=True)
    return Image.open(picture).convert("RGB").quantize(COLOURS)


def main(arguments: list[str]) -> None:
    """Make what can be made here."""
    TERMINAL.parent.mkdir(parents=True, exist_ok=True)
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    with tempfile.TemporaryDirectory(prefix="auditor-pictures-") as folder:
        room = Path(folder)
        report = Path(arguments[0]) if arguments else scan(room)
        TERMINAL.write_text(draw_terminal(report), encoding="utf-8")
        if browser and "html" in FORMATS and not arguments:
            photograph(report, browser, room).save(PAGE, optimize=True)
        else:
            print("only the terminal was drawn; the page needs a browser, html and the demo")


if __name__ == "__main__":
    main(sys.argv[1:])
