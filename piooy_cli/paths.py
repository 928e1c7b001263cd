"""Paths as a person writes them, and what is behind them."""

from pathlib import Path

from piooy_cli.errors import UsageError


def expanded(text: str | Path) -> Path:
    """`text` with its `~` resolved. Raises UsageError where that cannot be."""
    if "\0" in str(text):
        raise UsageError(f"{str(text)[:80]!r} has a NUL in it")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{str(text)[:80]!r}: no such user", "./~name is a file of that name"
        ) from None


def sha256_of(path: Path) -> str:
    """Of a file on disk, in hexadecimal."""
    import hashlib  # brings OpenSSL along: 2 ms that most runs do not need

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
