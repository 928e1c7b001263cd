"""Limits of one run: how long, how often, how much, in seconds and bytes."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of one run; the defaults are what users get."""

    connect: float = 10
    post_write: float = 60
    # A synchronous provider answers only when the media is ready.
    post_read: float = 240
    post_whole: float = 300
    get_read: float = 30
    get_whole: float = 60
    answer_bytes: int = 1 << 20

    unsent_tries: int = 4
    backoff_base: float = 0.5
    backoff_cap: float = 20
    limit_tries: int = 8
    limit_base: float = 2
    limit_cap: float = 60
    limit_budget: float = 600

    # A single poll (`task`, `download`) gives up sooner than a wait does.
    poll_tries: int = 4
    fresh_grace: float = 60
    # What a last poll may take beyond the deadline.
    last_poll: float = 3
    # Polls a second, and at once: after a 429 there are fewer.
    poll_rate: float = 25
    poll_burst: int = 25

    asset_idle: float = 60
    asset_bytes: int = 4 << 30
    # Tries without a new byte, and tries in all.
    asset_tries: int = 5
    asset_tries_in_all: int = 30
    slow_rate: int = 1024  # bytes a second; under it for `slow_seconds` is a failure
    slow_seconds: float = 60
    # From this size on, an unfinished file is kept for the next run.
    asset_kept: int = 1 << 20
    # So long after a task's end, a file that is not there may still become reachable.
    asset_late: float = 120
    redirects: int = 5
    workers: int = 16
