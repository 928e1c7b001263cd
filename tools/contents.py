"""What wheel and sdist must contain: tracked files, generated metadata, and nothing else."""

import subprocess
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
METADATA = (
    "METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE", "sboms/piooy.cdx.json"
)  # fmt: skip
SHARED = {
    "completions/piooy.bash": "bash-completion/completions/piooy",
    "completions/_piooy": "zsh/site-functions/_piooy",
    "completions/piooy.fish": "fish/vendor_completions.d/piooy.fish",
    "completions/piooy.ps1": "piooy/piooy.ps1",
}
# None stands for contents that are made by the build.
Files = dict[str, bytes | None]


def tracked(root: Path = ROOT) -> Files:
    """Return the files that git knows, with their contents in the working tree."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return {name: (root / name).read_bytes() for name in listed.split("\0") if name}


def for_sdist(files: Files) -> Files:
    """Return what the sdist must contain: every tracked file."""
    return {**files, "PKG-INFO": None}


def for_wheel(files: Files, stem: str) -> Files:
    """Return what the wheel named `stem` must contain: package, shared files and metadata."""
    data = {f"{stem}.data/data/share/{shared(name)}": files[name] for name in files if shared(name)}
    package = {name: text for name, text in files.items() if name.startswith("piooy_cli/")}
    return package | data | {f"{stem}.dist-info/{name}": None for name in METADATA}


def shared(name: str) -> str | None:
    """Return where a tracked file is found below `share`, if it is installed there."""
    is_page = name.startswith("man/")
    return f"man/man{name[-1]}/{Path(name).name}" if is_page else SHARED.get(name)


def of_sdist(path: Path) -> Files:
    """Return what an sdist contains, links and all, below its top directory."""
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2]: member for member in archive}
        return {name: _bytes(archive, member) for name, member in names.items()}


def of_wheel(path: Path) -> Files:
    """Return what a wheel contains."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def differences(found: Files, expected: Files) -> list[str]:
    """Say which files are unexpected, missing or changed."""
    known = {name for name, text in expected.items() if text is not None}
    changed = {name for name in known & found.keys() if found[name] != expected[name]}
    return [
        *(f"unexpected: {name}" for name in sorted(found.keys() - expected.keys())),
        *(f"missing: {name}" for name in sorted(expected.keys() - found.keys())),
        *(f"changed: {name}" for name in sorted(changed)),
    ]


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    file = archive.extractfile(member) if member.isfile() else None
    return file.read() if file else None
