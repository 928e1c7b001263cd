"""Build wheel and sdist twice, look into them, and install the wheel as people do: pip, pipx, uv.

Ends with 1 and a sentence at the first thing amiss. If a directory is named, keeps in it what was
checked.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import contents
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = contents.ROOT
TOOLS = Path(sys.executable).parent
LOAD = (
    """. /usr/share/bash-completion/bash_completion; __load_completion piooy && complete -p piooy"""
)


def main() -> None:
    """All of it."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        files = contents.tracked()
        wheel, sdist = built(ROOT, place / "dist")
        complete(wheel, sdist, files)
        lists_dependencies(wheel)
        same_again(place, files, wheel, sdist)
        for install in (with_pip, with_pipx, with_uv):
            program, share = install(place / install.__name__, wheel)
            works(program, share, place)
            if install is with_pip:
                leaves_nothing(place / install.__name__)
            print(f"{install.__name__.replace('_', ' ')}: good")
        keep(wheel, sdist)


def built(source: Path, dist: Path) -> tuple[Path, Path]:
    """Wheel and sdist, by the locked hatchling, which twine accepts."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, source)
    run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir())
    return next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))


def complete(wheel: Path, sdist: Path, files: contents.Files) -> None:
    """The tracked files as they are, and nothing else."""
    stem = "-".join(wheel.name.split("-")[:2])
    wrong = {
        "sdist": contents.differences(contents.of_sdist(sdist), contents.for_sdist(files)),
        "wheel": contents.differences(contents.of_wheel(wheel), contents.for_wheel(files, stem)),
    }
    for name, lines in wrong.items():
        expect(not lines, f"the {name} differs from `git ls-files`:\n" + "\n".join(lines))


def lists_dependencies(wheel: Path) -> None:
    """The SBOM is valid CycloneDX, and is of this version."""
    files = contents.of_wheel(wheel)
    (text,) = (text for name, text in files.items() if name.endswith(".cdx.json"))
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.decode())
    expect(wrong is None, f"the SBOM is not valid: {wrong}")
    version = json.loads(text)["metadata"]["component"]["version"]
    expect(version == wheel.name.split("-")[1], f"the SBOM is of version {version}")


def same_again(place: Path, files: contents.Files, *first: Path) -> None:
    """Byte for byte, from another directory and under another umask."""
    source = place / "another" / "place"
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    usual = os.umask(0o077)
    second = built(source, place / "dist2")
    os.umask(usual)
    for one, other in zip(first, second, strict=True):
        expect(one.read_bytes() == other.read_bytes(), f"a second build of {one.name} differs")


def keep(*checked: Path) -> None:
    """What was checked, in the directory that was named."""
    for directory in map(Path, sys.argv[1:]):
        directory.mkdir(exist_ok=True)
        for path in checked:
            shutil.copy(path, directory)


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
    shared = filter(None, map(contents.shared, contents.tracked()))
    missing = [name for name in shared if not (share / name).exists()]
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
