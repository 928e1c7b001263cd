"""What is not imported: start-up is counted in modules, so that it never flickers."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "httpx",
    "asyncio",
    "rich",
    "keyring",
    "sqlite3",
    "platformdirs",
    "pydantic",
    "tomlkit",
    "ssl",
    "starlette",
    "PIL",
}


def imported_by(*arguments):
    """The top-level modules that a run imports."""
    code = "import sys\nfrom piooy_cli.__main__ import main\nmain(sys.argv[1:])\nprint(*sys.modules, file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    return set(ran.stderr.split())


def test_version_does_not_even_import_typer():
    """`--version` costs what Python costs."""
    modules = imported_by("--version")

    assert "typer" not in modules
    assert {name for name in modules if name.startswith("piooy_cli")} == {
        "piooy_cli",
        "piooy_cli.__main__",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["generate", "--help"],
        ["completion", "bash"],
        ["__complete", "models", "na"],
        ["config", "get", "output"],
        [],
    ],
    ids=" ".join,
)
def test_help_and_completion_import_nothing_heavy(arguments):
    """They need Typer and our own small modules."""
    assert not HEAVY & imported_by(*arguments)


def test_reading_a_task_imports_neither_rich_nor_keyring(sandbox):
    """A script's call in a loop pays for HTTP alone."""
    code = "import sys\nfrom piooy_cli.__main__ import main\nmain(['task', 'x'])\nprint(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"rich", "keyring", "platformdirs", "anyio", "tomlkit", "starlette", "PIL"} & set(
        ran.stderr.split()
    )


def test_history_imports_no_http(sandbox):
    """Reading the ledger needs SQLite, and neither HTTP nor an event loop."""
    subprocess.run(
        [sys.executable, "-m", "piooy_cli", "generate", "image", "-m", "x", "--no-wait", "x"],
        capture_output=True, check=True,
    )  # fmt: skip

    assert not {"httpx", "asyncio", "rich", "ssl"} & imported_by("history")


def test_nothing_is_written_by_help(home):
    """Help, version and completion leave no trace."""
    for arguments in (
        ["--help"],
        ["--version"],
        ["completion", "zsh"],
        ["__complete", "models", ""],
        ["--nonsense"],
    ):
        subprocess.run(
            [sys.executable, "-m", "piooy_cli", *arguments], capture_output=True, check=False
        )

    assert [path for path in home.parent.rglob("*") if path.is_file()] == []
