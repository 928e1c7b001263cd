"""Write completions/, man/ and the tables in README.md; with --check, say what is stale."""

import re
import sys
from pathlib import Path

import typer

from piooy_cli.cli.app import command_app
from piooy_cli.cli.reference import facts
from piooy_cli.cli.reference.completions import scripts
from piooy_cli.cli.reference.manual import manual_pages
from piooy_cli.cli.reference.tree import command_tree
from piooy_cli.cli.reference.troff import troff

ROOT = Path(__file__).parent.parent
FILES = {"bash": "piooy.bash", "zsh": "_piooy", "fish": "piooy.fish", "powershell": "piooy.ps1"}


def published() -> dict[Path, str]:
    """Every generated file with what it should hold."""
    command = typer.main.get_command(command_app())
    made = {
        ROOT / "completions" / name: scripts.completion_script(command, shell)
        for shell, name in FILES.items()
    }
    made |= {
        ROOT / "man" / page.file: troff(page) for page in manual_pages(command_tree(command)).pages
    }
    made[ROOT / "README.md"] = readme((ROOT / "README.md").read_text(encoding="utf-8"))
    return made


def readme(text: str) -> str:
    """README.md with its tables made again."""
    codes = [
        f"| {code.number} | {code.name}: {code.meaning} | {code.money} |"
        for code in facts.exit_codes()
    ]
    text = _between(text, "exit codes", ["| code | meaning | money |", "|---|---|---|", *codes])
    names = [f"| `{name}` | {words} |" for name, words in facts.variables()]
    return _between(text, "variables", ["| variable | meaning |", "|---|---|", *names])


def _between(text: str, name: str, lines: list[str]) -> str:
    pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    return pattern.sub(lambda match: match[1] + "\n".join(lines) + "\n" + match[2], text)


def main() -> int:
    """Write, or check."""
    made = published()
    stale = [
        p for p, text in made.items() if not p.exists() or p.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if "--check" in sys.argv:
            print(f"stale: {path.relative_to(ROOT)} (`make docs` writes it)")
        else:
            path.write_text(made[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
