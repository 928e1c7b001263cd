"""The progress writer of --quiet, which shows nothing."""

from piooy_cli.domain.events import Event


class Quiet:
    """Shows nothing."""

    period = 60.0

    def event(self, event: Event) -> None:
        """Ignore the event."""

    def heartbeat(self) -> None:
        """Ignore the beat."""

    def aside(self, pause: bool = True) -> None:
        """Do nothing: there is no display."""

    def close(self) -> None:
        """Do nothing: there is no display."""
