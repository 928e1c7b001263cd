"""Build wheel and sdist, look into them, and install the wheel as people do: pip, pipx, uv.

Everything happens in a directory of its own. Ends with 1 and a sentence at the first thing amiss.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
SHARED = {
    "bash-completion/completions/piooy", "zsh/site-functions/_piooy",
    "fish/vendor_completions.d/piooy.fish", "piooy/piooy.ps1",
    *(f"man/man{page.suffix[1:]}/{page.name}" for page in (ROOT / "man").iterdir()),
}  # fmt: skip
LOAD = (
    """. /usr/share/bash-completion/bash_completion; __load_completion piooy && complete -p piooy"""
)


def main() -> None:
    """All of it."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        wheel, sdist = built(place / "dist")
        in_wheel(wheel)
        in_sdist(sdist)
        for install in (with_pip, with_pipx, with_uv):
            program, share = install(place / install.__name__, wheel)
            works(program, share, place)
            if install is with_pip:
                leaves_nothing(place / install.__name__)
            print(f"{install.__name__.replace('_', ' ')}: good")


def built(dist: Path) -> tuple[Path, Path]:
    """Wheel and sdist, which twine accepts."""
    run(sys.executable, "-m", "build", "--outdir", dist, ROOT)
    run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir())
    return next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))


def in_wheel(wheel: Path) -> None:
    """Scripts and pages where shells and man look, the schemas, and nothing of the tests."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        shared = {n.partition(".data/data/share/")[2]: n for n in names if ".data/" in n}
        expect(set(shared) == SHARED, f"shared files differ: {set(shared) ^ SHARED}")
        for name, stored in shared.items():
            source = ROOT / ("man" if name.startswith("man/") else "completions")
            own = source / ("piooy.bash" if name.startswith("bash") else Path(name).name)
            expect(archive.read(stored) == own.read_bytes(), f"{name} is not {own}")
    expect("piooy_cli/schemas/record.schema.json" in names, "the schemas are missing")
    expect(not any(name.startswith(("tests", "tools")) for name in names), "too much in the wheel")


def in_sdist(sdist: Path) -> None:
    """Every file of the repository."""
    listed = run("git", "-C", ROOT, "ls-files").split()
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = [name for name in listed if name not in names and not name.startswith(".ci")]
    expect(not missing, f"the sdist lacks {missing[:5]}")


def with_pip(place: Path, wheel: Path) -> tuple[Path, Path]:
    """Into a clean environment."""
    run(sys.executable, "-m", "venv", place)
    run(place / "bin" / "python", "-m", "pip", "install", "--quiet", wheel)
    return place / "bin" / "piooy", place / "share"


def with_pipx(place: Path, wheel: Path) -> tuple[Path, Path]:
    """With its links for programs, pages and completions."""
    set_environment(
        PIPX_HOME=place, PIPX_BIN_DIR=place / "bin", PIPX_MAN_DIR=place / "share" / "man"
    )
    set_environment(PIPX_COMPLETION_DIR=place / "share")
    run(TOOLS / "pipx", "install", "--quiet", "--python", sys.executable, wheel)
    return place / "bin" / "piooy", place / "venvs" / "piooy" / "share"


def with_uv(place: Path, wheel: Path) -> tuple[Path, Path]:
    """As a tool."""
    set_environment(UV_TOOL_DIR=place / "tools", UV_TOOL_BIN_DIR=place / "bin")
    run(TOOLS / "uv", "tool", "install", "--quiet", "--python", sys.executable, wheel)
    return place / "bin" / "piooy", place / "tools" / "piooy" / "share"


def works(program: Path, share: Path, place: Path) -> None:
    """It runs, it is found by man and bash, and its own man finds the page."""
    version = run(program, "--version").split()
    expect(version[0] == "piooy", f"--version says {version}")
    for page in ("generate", "exit-codes", "config.5"):
        expect("NAME" in run(program, "man", page), f"`piooy man {page}` shows nothing")
    missing = [name for name in SHARED if not (share / name).exists()]
    expect(not missing, f"{share} lacks {missing}")
    found_by_man(program, share, place)
    found_by_bash(share, program)


def leaves_nothing(environment: Path) -> None:
    """Uninstalled, no file of it is left."""
    run(environment / "bin" / "python", "-m", "pip", "uninstall", "--quiet", "--yes", "piooy")
    left = [str(path) for path in environment.rglob("*piooy*")]
    expect(not left, f"uninstalling leaves {left[:5]}")


def found_by_man(program: Path, share: Path, place: Path) -> None:
    """`man -w`, but for uv, which links programs only."""
    if shutil.which("man") and "uv" not in str(program):
        path = f"{program.parent}:{os.environ['PATH']}"
        page = run("man", "-w", "piooy-generate", PATH=path).strip()
        expect(page.startswith(str(place)), f"man found {page}")


def found_by_bash(share: Path, program: Path) -> None:
    """Loaded on demand, where there is bash-completion."""
    if Path("/usr/share/bash-completion/bash_completion").exists():
        path = f"{program.parent}:{os.environ['PATH']}"
        loaded = run("bash", "--norc", "-c", LOAD, PATH=path, XDG_DATA_DIRS=str(share))
        expect("-F _piooy piooy" in loaded, f"bash says {loaded!r}")


def set_environment(**variables: Path) -> None:
    """For the installers."""
    os.environ.update({name: str(path) for name, path in variables.items()})


def run(*command: object, **environ: str) -> str:
    """Its stdout; its stderr is reported where it fails."""
    words = [str(word) for word in command]
    ran = subprocess.run(
        words, capture_output=True, text=True, check=False, env=os.environ | environ
    )
    expect(ran.returncode == 0, f"{' '.join(words)} ended with {ran.returncode}:\n{ran.stderr}")
    return ran.stdout


def expect(good: bool, told: str) -> None:
    """Or end."""
    if not good:
        sys.exit(f"release check: {told}")


if __name__ == "__main__":
    main()
