"""Names of files that a terminal can open (OSC 8): the text stays what it is."""

import socket
from pathlib import Path
from urllib.parse import quote


def hyperlink(text: str, path: str) -> str:
    """`text`, leading to the file. The host is named: over ssh the file is not where one looks."""
    place = quote(Path(path).absolute().as_posix())
    target = f"file://{socket.gethostname()}/{place.removeprefix('/')}"
    return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\"
