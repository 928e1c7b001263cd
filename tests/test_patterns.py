"""No regular expression of the package takes for ever: each is attacked with its own parts, repeated."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAM = Path(__file__).parent / "pattern_attacks.py"


def attacked(*patterns):
    """What the attacks found, by pattern: empty where none succeeded."""
    command = [sys.executable, PROGRAM, *map(repr, patterns)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return dict(line.partition(" ")[::2] for line in ran.stdout.splitlines())


def test_no_pattern_takes_for_ever():
    """The time grows with the length, in every way in which each pattern is used."""
    found = attacked()

    assert {name: attack for name, attack in found.items() if attack} == {}
    assert (
        len(found) > 55
        and "piooy_cli.media.types._SVG" in found
        and "piooy_cli.config.settings._beginning" in found
    )


ONCE_HERE = [
    rb"(<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE\x20svg[^>]*>|\s)*<svg[\s>]",
    r"[,\s]+(?=https?://)",
    r"\s*[\r\n\t]+\s*",
    r"[^@\s]+@[^@\s]+\.[^@\s]+",
    r"(?<=.)[,;\s]+https?://",
    r"\x20\(sent\x20between\x20.*?\)",
]
IN_TEXTBOOKS = [r"(a+)+b", r"([a-z]+)*\d", r"\s+$"]


def test_the_attacks_find_what_is_slow():
    """Patterns that once were here, and those of textbooks."""
    found = attacked(*ONCE_HERE, *IN_TEXTBOOKS)

    assert len(found) == len(ONCE_HERE + IN_TEXTBOOKS)
    assert [pattern for pattern, attack in found.items() if not attack] == []


def test_every_pattern_is_where_the_attacks_find_it():
    """Compiled at the top of a module, and not written in line."""
    in_line = re.compile(r"\bre\.(?:match|search|fullmatch|sub|subn|split|findall|finditer)\(")
    sources = {
        path: path.read_text(encoding="utf-8") for path in (ROOT / "piooy_cli").rglob("*.py")
    }

    assert [str(path) for path, text in sources.items() if in_line.search(text)] == []
    inside = {
        path.name
        for path, text in sources.items()
        if re.search(r"^ ++(?!\(re).*\bre\.compile\(", text, re.MULTILINE)
    }
    assert inside == {"settings.py"}  # `_beginning`, which is attacked as well
