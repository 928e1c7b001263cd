"""Names of files: a small template language, and names that every system accepts. Pure."""

import re
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.escaping import check_path, drop
from piooy_cli.domain.models import Asset, Task
from piooy_cli.files.reading import expanded
from piooy_cli.media import types

DEFAULT_TEMPLATE = "{slug}-{id8}-{n}.{ext}"
TEMPLATE_FIELDS = (
    "slug", "id", "id8", "n", "ext", "model", "media", "scene", "provider", "date", "time", "seed",
    "status",
)  # fmt: skip
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"]
)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_FRONT = re.compile(r"^[\s.~-]+")  # hidden files, options, home directories
_LONGEST_NAME = 200  # bytes: room for a suffix and a temporary ending below the usual 255
_PRECISION = re.compile(r"\.([0-9]{1,3})", re.ASCII)
_STRFTIME = re.compile(r"(%[YmdHMSjyb]|[-_. ])+")


@dataclass(frozen=True, slots=True)
class Target:
    """A directory, and a template for the names in it.

    `media_only`: a name with another extension, which a field may have, gets the right one as well.
    """

    directory: Path
    template: str = DEFAULT_TEMPLATE
    is_exact: bool = False
    media_only: bool = False

    @classmethod
    def of(cls, output: str) -> "Target":
        """Parse --output: a directory, or a template if it contains fields in braces.

        Raises UsageError for a template that could leave its directory, or names an unknown field.
        """
        check_path(output, "--output")
        if is_stdout(output):
            raise UsageError(
                f"--output {output} is only for `generate` and `download` of a single task",
                "give --output a directory",
            )
        head, _, tail = output.replace("\\{", "{").rpartition("/")
        if "{" not in output:
            path = expanded(output or ".")
            if tail and types.extension_in(tail) and not path.is_dir():
                return cls(path.parent, f"{path.stem}.{{ext}}")
            return cls(path)
        if "{" in head:
            raise UsageError(
                f"--output: {output!r} has a field in the directory part",
                "use fields in the file name only",
            )
        _check_template(tail)
        return cls(expanded(head or ("/" if output.startswith("/") else ".")), tail)

    @classmethod
    def exactly(cls, path: Path) -> "Target":
        """Return a target that is exactly this path, whatever the asset."""
        return cls(path.parent, path.name.replace("{", "{{").replace("}", "}}"), is_exact=True)

    @property
    def spelled(self) -> str:
        """The target as a value for --output; empty if it is the default."""
        if self.template != DEFAULT_TEMPLATE:
            return str(self.directory / self.template)
        return "" if self.directory == Path() else str(self.directory)

    def path(self, values: Mapping[str, object]) -> Path:
        """Return the path for these values, whether or not it exists.

        A template without `{ext}` gets the right ending: added, or instead of another one of media.
        """
        name, right = file_name(self.template, values), str(values["ext"])
        if not self.is_exact and "{ext" not in self.template:
            name = _ending_in(name, right)
        is_media = name.endswith(f".{right}") or ("." in name and types.extension_in(name))
        return self.directory / (f"{name}.{right}" if self.media_only and not is_media else name)


def is_stdout(output: str | None) -> bool:
    """Whether --output means the bytes of one file on stdout."""
    return output in ("-", "/dev/stdout")


def values_of(
    task: Task, asset: Asset, extension: str, now: datetime | None = None
) -> dict[str, object]:
    """Return the values of a template's fields."""
    moment = (task.created_at or now or datetime.now(UTC)).astimezone()
    options = task.options or {}
    return {
        "slug": slug(task.prompt or "") or task.media or asset.kind,
        "id": task.id,
        "id8": task.id[:8],
        "n": asset.n,
        "ext": extension,
        "model": task.model or "model",
        "media": task.media or asset.kind,
        "scene": task.scene or "scene",
        "provider": task.provider or "provider",
        "date": moment,
        "time": moment,
        "seed": options.get("seed", "noseed"),
        "status": task.status,
    }


def file_name(template: str, values: Mapping[str, object]) -> str:
    """Fill in `template`: a single name, not hidden, valid on every system."""
    parts = []
    for literal, name, spec, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(_field(name, spec or "", values))
    return safe_name("".join(parts))


def _ending_in(name: str, right: str) -> str:
    """Return `name` with this extension, added or instead of another one of media."""
    stem = name.rpartition(".")[0]
    if not stem:
        return f"{name}.{right}"
    return name if types.extension_in(name) in (None, right) else f"{stem}.{right}"


def safe_name(name: str) -> str:
    """Return `name` without what some system refuses or misreads; its extension is kept."""
    name = _FORBIDDEN.sub("_", name)
    stem, extension = _parted(unicodedata.normalize("NFC", drop(name)))
    room = _LONGEST_NAME - len(extension.encode())
    stem = _cut(_FRONT.sub("", stem), room).rstrip(" .") or "file"
    if is_reserved(stem):
        stem = _cut(f"_{stem}", room)
    return (stem + extension).rstrip(" .")


def is_reserved(name: str) -> bool:
    """Whether Windows takes a name for a device, whatever its extension."""
    return name.split(".")[0].rstrip().lower() in _RESERVED


def _parted(name: str) -> tuple[str, str]:
    """Split off the extension with its dot; a very long one is part of the name."""
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if stem and len(extension) <= 16 else (name, "")


def slug(text: str, longest: int = 40) -> str:
    """Return `text` as a short name: lower-case words of any script, joined by hyphens."""
    words = _words(unicodedata.normalize("NFC", text[:400]).lower())
    joined = ""
    for word in words:
        longer = f"{joined}-{word}" if joined else word
        if len(longer) > longest:
            return joined or longer[:longest]
        joined = longer
    return joined


def _words(text: str) -> list[str]:
    """Split text at what is neither a letter, a digit nor a mark of one."""
    kept = (c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)
    return "".join(kept).split()


def numbered(path: Path, count: int) -> Path:
    """Turn `fox.png` into `fox-2.png`."""
    return path.with_name(f"{path.stem}-{count}{path.suffix}")


def _check_template(template: str) -> None:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        hint = "write {{ for a literal brace"
        raise UsageError(f"--output: {template!r}: {error}", hint) from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in TEMPLATE_FIELDS or conversion):
            known = " ".join(f"{{{field}}}" for field in TEMPLATE_FIELDS)
            shown = f"{name}!{conversion}" if conversion else name
            raise UsageError(f"--output: unknown field {{{shown}}}", f"known: {known}")
        _check_spec(name or "", spec or "")


def _check_spec(name: str, spec: str) -> None:
    of_time = name in ("date", "time") and _STRFTIME.fullmatch(spec)
    if spec and not of_time and not _PRECISION.fullmatch(spec):
        raise UsageError(
            f"--output: {{{name}:{spec}}} is not a valid format",
            "for example: {date:%Y-%m-%d}, {slug:.40}",
        )


def _field(name: str, spec: str, values: Mapping[str, object]) -> str:
    value = values[name]
    if isinstance(value, datetime):
        return value.strftime(spec or ("%Y-%m-%d" if name == "date" else "%H%M%S"))
    text = str(value)
    if precision := _PRECISION.fullmatch(spec):
        return text[: int(precision[1])]
    return text


def _cut(text: str, longest: int) -> str:
    return text.encode("utf-8", "replace")[: max(longest, 1)].decode("utf-8", "ignore")
