"""Draw docs/demo.svg from a real run: piooy on a terminal of its own, in the sandbox.

python tools/picture.py
"""

import os
import pty
import select
import sys
import tempfile
import time
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
COLUMNS, ROWS = 88, 7
PAST_RUNS = 4
COMMANDS = (
    [
        "--sandbox",
        "generate",
        "image",
        "-m",
        "nano-banana-pro",
        "-a",
        "16:9",
        "a red fox in the snow",
    ],
    ["--sandbox", "generate", "video", "-m", "veo-3-1", "waves at dusk"],
)


def main() -> None:
    """Run the commands, the last one until it is half way, and save what the screen shows."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    with tempfile.TemporaryDirectory() as place:
        for _ in range(PAST_RUNS):  # so that there is something to learn from
            play(COMMANDS[-1], pyte.Stream(pyte.Screen(COLUMNS, ROWS)), place, 20)
        for command in COMMANDS:
            shown = " ".join(f'"{word}"' if " " in word else word for word in command)
            stream.feed(f"\x1b[1;32m$\x1b[0m piooy {shown}\r\n")
            seconds = 5.6 if command is COMMANDS[-1] else 20
            play(command, stream, place, seconds)
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: PTH123, SIM115
    for y in range(ROWS):
        console.print(row(screen, y), soft_wrap=True)
    target = ROOT / "docs" / "demo.svg"
    target.write_text(console.export_svg(title="piooy", unique_id="piooy"), encoding="utf-8")
    print(target.relative_to(ROOT))


def play(command: list[str], stream: pyte.Stream, place: str, seconds: float) -> None:
    """Feed the screen with one run, for so long at most."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS),
                          PIOOY_STATE_DIR=place, PIOOY_CONFIG_DIR=place)  # fmt: skip
        os.execv(sys.executable, [sys.executable, "-m", "piooy_cli", *command])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                stream.feed(os.read(terminal, 65536).decode("utf-8", "replace"))
            except OSError:
                break
    else:
        os.kill(pid, 9)
    os.waitpid(pid, 0)


def row(screen: pyte.Screen, y: int) -> Text:
    """One line of the screen with its colours."""
    text = Text()
    for x in range(COLUMNS):
        cell = screen.buffer[y][x]
        color = {"default": "", "brown": "yellow"}.get(cell.fg, cell.fg)
        color = (
            f"#{color}"
            if len(color) == 6 and all(c in "0123456789abcdef" for c in color)
            else color
        )
        text.append(cell.data, f"{'bold ' if cell.bold else ''}{color}".strip())
    text.rstrip()
    return text


if __name__ == "__main__":
    main()
