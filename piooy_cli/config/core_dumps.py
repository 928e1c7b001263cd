"""Keeping the key out of core dumps."""

from contextlib import suppress


def disable_core_dumps() -> None:
    """Keep a crash of this process from writing its memory, where the system has such a limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        # Not 0: Linux ignores that where dumps are piped to a program, but 1 stops both kinds.
        resource.setrlimit(resource.RLIMIT_CORE, (1 if hard else 0, hard))
