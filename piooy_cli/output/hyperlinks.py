"""File names as terminal hyperlinks (OSC 8); their text is unchanged."""

import socket
from pathlib import Path
from urllib.parse import quote


def hyperlink(text: str, path: str) -> str:
    """Return `text` linked to the file, with the host's name for use over ssh."""
    place = quote(Path(path).absolute().as_posix())
    target = f"file://{socket.gethostname()}/{place.removeprefix('/')}"
    return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\"
