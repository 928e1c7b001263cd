"""What is written down is true: exit codes, settings, commands, scripts and pages."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from piooy_cli.config.settings import OTHER_VARIABLES, VARIABLES
from piooy_cli.domain.errors import SIGNALS, Interrupted, PiooyError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "man").iterdir()))
KINDS = [PiooyError, *PiooyError.__subclasses__()]


def test_exit_codes_are_unique_and_named():
    """One class, one code, one name."""
    assert (
        len({kind.exit_code for kind in KINDS}) == len(KINDS) == len({kind.name for kind in KINDS})
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_error_is_in_readme_and_manual(kind):
    """A new error class cannot be forgotten there; a signal is reported by its own name."""
    if kind is Interrupted:
        assert all(f"| {number} | {name}:" in README for number, name in SIGNALS.items())
        return
    assert f"| {kind.exit_code} | {kind.name}: {kind.meaning} |" in README
    assert f"\\fB{kind.exit_code} {kind.name}\\fR" in MANUAL.replace("\\-", "-")


@pytest.mark.parametrize("variable", [*VARIABLES, *OTHER_VARIABLES])
def test_every_variable_is_in_readme_and_manual(variable):
    """What the code reads is what is reported."""
    assert f"`{variable}`" in README and variable in MANUAL


def test_the_code_reads_no_other_variable():
    """Every PIOOY_ name in the sources is published."""
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "piooy_cli").rglob("*.py")
    )

    assert set(re.findall(r"PIOOY_[A-Z_]+[A-Z]", sources)) == set(VARIABLES) | set(OTHER_VARIABLES)


def test_generated_files_are_fresh():
    """`make docs` would change nothing."""
    ran = subprocess.run(
        [sys.executable, "tools/publish.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.returncode) == ("", 0)


def test_models(piooy):
    """Listed one a line; one with its options; an unknown one is no reason to stop."""
    assert any(line.startswith("nano-banana-pro\timage\tevolink") for line in piooy("models").lines)
    assert all("\tvideo\t" in line for line in piooy("models", "--media", "video").lines)
    assert "resolution\t1K 2K 4K" in piooy("models", "nano-banana-pro").lines
    unknown = piooy("models", "nope")
    assert unknown.code == 14 and "any id" in unknown.err


def test_own_models_join_the_catalogue(piooy, home):
    """`[models.ID]` in the config file; defaults are sent."""
    config = home.parent / "config"
    config.mkdir()
    (config / "config.toml").write_text(
        '[models."my/own"]\nmedia = "video"\nprovider = "mine"\nseconds = 9\ndefaults = { duration = 4 }\n'
    )

    assert "my/own\tvideo\tmine\t9 s\t\t\t" in piooy("models").lines
    assert piooy("generate", "video", "-m", "my/own", "--dry-run", "x").json[0]["options"] == {
        "duration": 4
    }


def test_the_wheel_carries_every_page_and_script():
    """Each where shells and man look for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    pages = {f"man/{path.name}": f"share/man/man{path.name[-1]}/{path.name}" for path in (ROOT / "man").iterdir()}  # fmt: skip

    assert shared == pages | {
        "completions/piooy.bash": "share/bash-completion/completions/piooy",
        "completions/_piooy": "share/zsh/site-functions/_piooy",
        "completions/piooy.fish": "share/fish/vendor_completions.d/piooy.fish",
        "completions/piooy.ps1": "share/piooy/piooy.ps1",
    }
