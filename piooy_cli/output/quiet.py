"""No progress at all: for --quiet."""

from piooy_cli.domain.events import Event


class Quiet:
    """Shows nothing."""

    period = 60.0

    def event(self, event: Event) -> None:
        """Not a word."""

    def heartbeat(self) -> None:
        """Not a sign."""

    def aside(self, pause: bool = True) -> None:
        """There is nothing to put aside."""

    def close(self) -> None:
        """There is nothing to close."""
