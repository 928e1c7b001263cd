"""What the client tells of an order on its way, so that whoever keeps a ledger can keep it."""

from typing import Protocol


class OrderLog(Protocol):
    """One order. Each word is on disk once `kept` returns; both may raise StorageRefused, Busy."""

    async def kept(self) -> None:
        """Return once all that was said is on disk."""

    def sending(self) -> None:
        """The next byte may leave. Where this raises, nothing is sent."""

    def not_sent(self, reason: str, http_status: int | None) -> None:
        """Proof that the service does not have it."""

    def refused(self, reason: str, http_status: int | None) -> None:
        """The service said no."""

    def unknown(self, reason: str, http_status: int | None) -> None:
        """It may have arrived."""

    def accepted(self, task_id: str, http_status: int | None) -> None:
        """The service has it."""
