"""Publishing a part file under its final name: whole, and never over another file."""

import errno
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.downloads import naming
from piooy_cli.downloads.part_file import PartFile, exchanged_error
from piooy_cli.files.errors import disk_error, disk_errors
from piooy_cli.files.reading import sha256_of
from piooy_cli.files.writing import create_file

_SPARE = 4 << 20  # bytes that a disk must have left after a file, or before an order
_NO_LINKS = frozenset(
    {errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EACCES}
)


def ensure_writable(directory: Path) -> None:
    """Make sure that files can be written into `directory`, by writing one."""
    with disk_errors(directory):
        in_the_way = directory.exists() and not directory.is_dir()
    if in_the_way:
        raise StorageRefused(
            f"{directory} is not a directory", "choose another place with --output"
        )
    probe = directory / f".piooy-{secrets.token_hex(4)}.probe"
    with disk_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        os.close(create_file(probe, 0o600))
        probe.unlink(missing_ok=True)  # another run may have removed it already
    check_free_space(directory, 0)


def check_free_space(directory: Path, size: int) -> None:
    """Raise StorageRefused where `size` bytes would not fit."""
    with disk_errors(directory):
        free = shutil.disk_usage(directory).free
    if free < size + _SPARE:
        raise disk_error(directory, OSError(errno.ENOSPC, f"only {free:,} bytes are free"))


def publish(part: PartFile, wanted: Path, on_exists: str) -> tuple[Path, bool] | None:
    """Give the part file its name; return the path, and whether the same file was there already.

    Return None if the name is taken and `on_exists` is skip.
    """
    part.settle()
    count, path = 1, wanted
    while not _link(part, path):
        if on_exists == "skip":
            return None
        if on_exists == "overwrite":
            return _replace(part, path), False
        if _is_same(path, part):
            return path, True
        if on_exists == "fail":
            raise file_exists_error(path)
        count += 1
        path = naming.numbered(wanted, count)
    _settle_directory(wanted.parent)
    return path, False


def file_exists_error(path: Path) -> StorageRefused:
    """Return the error for a name that is taken."""
    return StorageRefused(f"{path} exists", "choose --on-exists rename, skip or overwrite")


def _check_published(path: Path, written: os.stat_result) -> None:
    """Raise StorageRefused, and remove the name, if it is not of the file that was written."""
    with disk_errors(path):
        if not os.path.samestat(path.lstat(), written):
            path.unlink(missing_ok=True)
            raise exchanged_error(path)


def _link(part: PartFile, path: Path) -> bool:
    """Link the part file to its name; return False if the name is taken by anything."""
    try:
        part.link(path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise disk_error(path, error) from error
        return _moved(part, path)
    _check_published(path, part.status)
    return True


def _moved(part: PartFile, path: Path) -> bool:
    """Publish where there are no hard links: claim the free name, then move onto it."""
    try:
        handle = create_file(path)
    except FileExistsError:
        return False
    except OSError as error:
        raise disk_error(path, error) from error
    try:
        _check_published(path, _filled(part, path, handle))
    finally:
        os.close(handle)
    return True


def _filled(part: PartFile, path: Path, handle: int) -> os.stat_result:
    """Move the part file onto the claimed name, or copy it; return the status of the new file."""
    try:
        part.path.replace(path)
    except OSError:
        _copy(part, path, handle)
        return os.fstat(handle)
    return part.status


def _copy(part: PartFile, path: Path, handle: int) -> None:
    """Copy where nothing can be moved; the file is removed on failure."""
    try:
        part.copy_to(handle)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise disk_error(path, error) from error
        raise


def _replace(part: PartFile, path: Path) -> Path:
    if path.is_symlink() or not path.is_file():
        raise StorageRefused(f"{path} is not a regular file", "choose another place with --output")
    with disk_errors(path):
        part.path.replace(path)
        _check_published(path, part.status)
        _settle_directory(path.parent)
    return path


def _is_same(path: Path, part: PartFile) -> bool:
    try:
        regular = path.is_file() and not path.is_symlink()
        return regular and path.stat().st_size == part.size and sha256_of(path) == part.sha256
    except OSError:
        return False


def _settle_directory(directory: Path) -> None:
    """Flush the directory, without which a new name may be lost. Not every system can."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
