"""What is released: the tracked files and nothing else, from locked sources, as the pages promise."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from piooy_cli import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "uv.lock").read_text(encoding="utf-8")
LOCKED = {package["name"]: package for package in tomllib.loads(LOCK)["package"]}
REQUIREMENTS = sorted((ROOT / "requirements").iterdir())
THREATS = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
SCRATCH = """.env id_rsa .hypothesis/examples/x .vscode/settings.json .idea/piooy.xml notes.md~ scratch.py
    piooy_cli/scratch.pem piooy_cli/.env piooy_cli/.#files.py piooy_cli/.files.py.swp piooy_cli/files.py~
    piooy_cli/files.py.orig piooy_cli/api/.secret.json piooy_cli/.ipynb_checkpoints/files.txt tests/key.pem
    docs/.DS_Store docs/notes.docx man/.piooy.1.swp completions/.env tools/tokens.csv requirements/token
    .github/secrets.json dist/piooy-0.0.1.tar.gz ledger.sqlite3 out/results.jsonl""".split()


def tool(name):
    """A module of tools/, which is not a package."""
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contents = tool("contents")


@pytest.fixture(scope="module")
def tracked():
    """What git knows, with its contents."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository, not only its files")
    return contents.tracked()


@pytest.fixture(scope="module")
def built(tracked, tmp_path_factory):
    """Wheel and sdist of the tracked files, with scratch files between them."""
    place = tmp_path_factory.mktemp("release")
    for name, text in (tracked | dict.fromkeys(SCRATCH, b"PRIVATE KEY")).items():
        (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "source" / name).write_bytes(text)
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(place / "dist")]
    subprocess.run(command, cwd=place / "source", check=True, capture_output=True)
    (wheel,), (sdist,) = (place / "dist").glob("*.whl"), (place / "dist").glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def sbom(built):
    """The SBOM in the wheel."""
    (text,) = (text for name, text in contents.of_wheel(built[0]).items() if "/sboms/" in name)
    return json.loads(text)


def test_differences_are_told_by_name():
    """A file that is too much, missing or changed is named; generated ones may contain anything."""
    found = {"a.py": b"1", "b.py": b"2", "c.pem": b"3", "PKG-INFO": b"4"}
    expected = contents.for_sdist({"a.py": b"1", "b.py": b"0", "d.py": b"5"})

    assert contents.differences(found, expected) == [
        "unexpected: c.pem",
        "missing: d.py",
        "changed: b.py",
    ]
    assert contents.differences(expected | {"PKG-INFO": b"4"}, expected) == []


def test_a_wheel_contains_the_package_and_what_is_shared():
    """Code, manual pages and completion scripts; no tests and no tools."""
    files = dict.fromkeys("piooy_cli/files.py man/piooy.1 completions/_piooy tests/test_a.py tools/b.py README.md".split(), b"")  # fmt: skip

    assert [name for name, text in contents.for_wheel(files, "piooy-1").items() if text == b""] == [
        "piooy_cli/files.py",
        "piooy-1.data/data/share/man/man1/piooy.1",
        "piooy-1.data/data/share/zsh/site-functions/_piooy",
    ]


def test_the_sdist_contains_exactly_the_tracked_files(tracked, built):
    """Keys, settings and editors' files beside them stay out."""
    assert contents.differences(contents.of_sdist(built[1]), contents.for_sdist(tracked)) == []


def test_the_wheel_contains_exactly_the_tracked_package(tracked, built):
    """Also when a key lies between the modules."""
    expected = contents.for_wheel(tracked, f"piooy-{__version__}")

    assert contents.differences(contents.of_wheel(built[0]), expected) == []


def test_the_sbom_lists_what_is_locked(sbom):
    """Each dependency with version and hashes; those of extras or of one platform are optional; no tool is among them."""
    listed = {component["name"]: component for component in sbom["components"]}
    core = {re.match(r"[\w-]+", need)[0] for need in PROJECT["project"]["dependencies"]}

    assert sbom["metadata"]["component"]["purl"] == f"pkg:pypi/piooy@{__version__}"
    assert {listed[name]["scope"] for name in core | {"httpcore", "anyio"}} == {"required"}
    assert {listed[name]["scope"] for name in ("pillow", "h2", "jq", "secretstorage")} == {
        "optional"
    }
    assert not listed.keys() & {"pytest", "hatchling", "ruff", "uv"}
    assert all(one["version"] == LOCKED[name]["version"] for name, one in listed.items())


def test_the_sbom_is_a_graph_without_loose_ends(sbom):
    """What one depends on is listed too, and every file has its SHA-256."""
    refs = {component["bom-ref"] for component in sbom["components"]}
    hashes = [file["hashes"][0] for one in sbom["components"] for file in one["externalReferences"]]

    assert {ref for edge in sbom["dependencies"] for ref in edge["dependsOn"]} == refs
    assert all(re.fullmatch(r"[0-9a-f]{64}", one["content"]) for one in hashes)


def test_the_lock_names_pypi_only():
    """A lock made with another index, or a file without its hash, is refused by `make lock`."""
    lock = tool("lock")
    lock.of_pypi(LOCK)
    for wrong in (
        LOCK.replace("https://pypi.org/simple", "https://mirror.example/simple", 1),
        LOCK.replace("https://files.pythonhosted.org/", "https://mirror.example/", 1),
        re.sub(r'hash = "sha256:[0-9a-f]+"', 'hash = ""', LOCK, count=1),
    ):
        with pytest.raises(SystemExit, match="not from PyPI, or without a hash"):
            lock.of_pypi(wrong)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_are_locked_and_hashed(path):
    """Each line is a locked version with hashes that the lock knows, and names no index."""
    text = path.read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]

    assert "://" not in text
    for line in lines:
        name, version = re.match(r"([\w.-]+)==([\w.]+)", line).groups()
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        assert LOCKED[name]["version"] == version
        assert hashes and all(f'"sha256:{one}"' in LOCK for one in hashes)


def test_make_installs_with_hashes_only():
    """No recipe installs anything by its name."""
    lines = re.findall(r"\$\(PIP\).*", (ROOT / "Makefile").read_text(encoding="utf-8"))

    assert lines[0] == "$(PIP) --require-hashes -r $<"
    assert lines[1:] == ["$(PIP) --no-deps --no-build-isolation -e ."]


@pytest.mark.parametrize("name", ["docs/cron.md", *(str(path.relative_to(ROOT)) for path in (ROOT / ".github/workflows").iterdir())])  # fmt: skip
def test_actions_are_pinned_by_commit(name):
    """A tag can be moved, a commit cannot; the comment says which version it is."""
    used = re.findall(r"uses: (.*)", (ROOT / name).read_text(encoding="utf-8"))

    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in used)


def test_only_the_publishing_job_may_ask_for_a_token():
    """The jobs that run code of dependencies can read the repository, and nothing else."""
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    head, build, publish = re.split(r"\n  (?=build:|publish:)", text)

    assert "permissions: {}" in head
    assert re.findall(r"[\w-]+: (?:read|write)\n", build) == ["contents: read\n"]
    assert re.findall(r"[\w-]+: (?:read|write)\b", publish) == ["id-token: write"]
    assert "run:" not in publish and "secrets." not in text


def verify_tag():
    """The script of the step that verifies a tag."""
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    (script,) = re.findall(r"- name: Verify the signature of the tag\n.*?run: \|\n(.*?)\n\n", text, re.DOTALL)  # fmt: skip
    return re.sub(r"^ +", "", script, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "signers", "then", "good"),
    [
        ("-s", "mine", "", True),
        ("-s", "other", "", False),
        ("-s", "", "", False),
        ("-a", "mine", "", False),
        ("-s", "mine", "git commit -q --allow-empty -m two", False),
    ],
    ids=["signed", "signed by another", "no signer is set", "not signed", "of another commit"],
)
def test_a_release_needs_a_tag_that_a_maintainer_signed(tmp_path, options, signers, then, good):
    """The step of the workflow, run on a repository with such a tag."""
    script = f"""set -e
        ssh-keygen -q -t ed25519 -N '' -f mine; ssh-keygen -q -t ed25519 -N '' -f other
        git init -q source; cd source
        git config user.name me; git config user.email me@example.com
        git config gpg.format ssh; git config user.signingkey ../mine
        git commit -q --allow-empty -m one; git tag {options} -m one v1.2.3
        cd ..; git clone -q source clone; cd clone; git config user.name me; git config user.email me@example.com
        {then}
        git update-ref refs/tags/v1.2.3 'v1.2.3^{{commit}}'  # as actions/checkout leaves it"""
    environ = os.environ | {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    made = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)  # fmt: skip
    if made.returncode:
        pytest.skip(f"git or ssh-keygen cannot sign here: {made.stderr}")
    key = (tmp_path / f"{signers}.pub").read_text() if signers else ""
    environ |= {"SIGNERS": f"me@example.com {key}" if key else "", "GITHUB_REF_NAME": "v1.2.3", "RUNNER_TEMP": str(tmp_path)}  # fmt: skip
    command = ["bash", "-eo", "pipefail", "-c", verify_tag()]
    ran = subprocess.run(command, cwd=tmp_path / "clone", env=environ, capture_output=True, text=True, check=False)  # fmt: skip

    assert (ran.returncode == 0) == good, ran.stderr


def test_the_recipe_installs_one_version_and_uploads_no_state():
    """docs/cron.md names this version; only pictures are uploaded."""
    page = (ROOT / "docs/cron.md").read_text(encoding="utf-8")
    upload = page[page.index("actions/upload-artifact@") : page.index("- **State.** A cache")]

    assert re.findall(r"pip install .*", page) == [f"pip install piooy=={__version__}"]
    assert "!out/**/results.jsonl" in upload and "state" not in upload


def test_the_threat_model_names_what_exists():
    """Each point names the code that enforces it and the tests that show it."""
    points = re.split(r"^## \d+\. ", THREATS, flags=re.MULTILINE)[1:]
    named = {word for word in re.findall(r"`([\w./-]+)`", THREATS) if re.search(r"\w/|\.py$|\.md$", word)}  # fmt: skip

    assert len(points) == 10
    assert [n for n, point in enumerate(points, 1) if "`tests/test_" not in point] == []
    assert [n for n in sorted(named) if not any((ROOT / top / n).exists() for top in ("", "piooy_cli"))] == []  # fmt: skip


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/reliability.md"])
def test_the_security_pages_are_found(page):
    """From the pages that people read."""
    text = (ROOT / page).read_text(encoding="utf-8")

    assert re.search(r"\(\S*threat-model\.md\)", text)
    assert page != "README.md" or "(SECURITY.md)" in text
