"""How long, how often, how much: the numbers of the reliability promises, in seconds and bytes."""

from typing import NamedTuple


class Limits(NamedTuple):
    """One run's limits. Tests make their own; people get these."""

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

    # A single look (`task`, `download`) gives up sooner than a wait does.
    look_tries: int = 4
    fresh_grace: float = 60
    # What a last look may take beyond the deadline.
    last_look: float = 3
    # Looks at tasks, a second and at once: a service that says 429 gets fewer.
    look_rate: float = 25
    look_burst: int = 25

    asset_idle: float = 60
    asset_bytes: int = 4 << 30
    # Tries that brought no new byte, and all tries.
    asset_tries: int = 5
    asset_tries_in_all: int = 30
    slow_rate: int = 1024  # bytes a second; under it for `slow_seconds` is a failure
    slow_seconds: float = 60
    # From this size on, what has arrived is kept for the next run.
    asset_kept: int = 1 << 20
    redirects: int = 5
    workers: int = 16
