"""What the `output` of a row may be: a place below `--output`, named as a media file. Pure."""

import os
import re

from piooy_cli.domain.errors import UsageError
from piooy_cli.downloads.naming import is_reserved
from piooy_cli.media import types

ALLOWS = "--allow-row-paths permits it"
_FIELD = re.compile(r"\{[^{}]*\}")


def check_place(
    output: str, *, anywhere: bool, allows: str = ALLOWS, windows: bool = os.name == "nt"
) -> None:
    """Raise UsageError if the path could leave its directory, unless `anywhere`, or is an option.

    `allows`: what to do about the first, for the message. Symbolic links are not followed here.
    """
    parts = _parts(output, windows)
    fault = None if anywhere else _way_out(output, parts, windows)
    if fault:
        raise UsageError(f"output {output[:80]!r} {fault}; {allows}")
    if any(part.startswith("-") for part in parts):
        raise UsageError(f"output {output[:80]!r} has a part that begins with -")
    if windows and any(map(is_reserved, parts)):
        raise UsageError(f"output {output[:80]!r} has a name that Windows reserves")


def check_extension(output: str) -> None:
    """Raise UsageError if a template ends in an extension that is not one of media."""
    if "{" not in output:
        return  # the extension of a plain name is replaced, or it is a directory
    ending = output.rpartition("}")[2].rstrip(" .")
    if "." in ending and types.extension_in(ending) is None:
        shown = ending[ending.rindex(".") :]
        raise UsageError(
            f"output {output[:80]!r} ends in {shown[:20]!r}, which is not the extension of a media"
            " file; use .{ext}"
        )


def _parts(output: str, windows: bool) -> list[str]:
    parts = (output.replace("\\", "/") if windows else output).split("/")
    return [part for part in parts if part not in ("", ".")]


def _way_out(output: str, parts: list[str], windows: bool) -> str | None:
    """Return how a path leaves its directory; None if it does not."""
    if output.startswith(("/", "\\") if windows else "/"):
        return "is an absolute path"
    if windows and ":" in _FIELD.sub("", output):
        return "has a drive"
    if any(_is_parent(part, windows) for part in parts):
        return "contains .."
    return "begins with ~" if parts and parts[0].startswith("~") else None


def _is_parent(part: str, windows: bool) -> bool:
    """Whether a part is `..`; Windows ignores dots and spaces at the end of a name."""
    return part == ".." or (windows and not part.rstrip(" ."))
