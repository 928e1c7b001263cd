"""What orders cost, as far as the user has noted prices: the API does not tell. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from piooy_cli.config.allowances import price_of
from piooy_cli.domain.models import Order


class Estimate(NamedTuple):
    """The sum of the known prices, and of how many orders no price is known."""

    total: float
    known: int
    unknown: int

    @property
    def shown(self) -> str:
        """The estimate in words; empty if no price is known."""
        if not self.known:
            return ""
        rest = f"; no price is known for {self.unknown:,} more" if self.unknown else ""
        return f"about {self.total:,.2f} for {self.known:,}{rest}"


def estimate(orders: Iterable[Order], prices: Mapping[str, str | float]) -> Estimate:
    """Return what orders cost together, by the price of each model."""
    found = [_price(order, prices) for order in orders]
    known = [price for price in found if price is not None]
    return Estimate(sum(known), len(known), len(found) - len(known))


def _price(order: Order, prices: Mapping[str, str | float]) -> float | None:
    if order.model not in prices:
        return None
    amount, is_per_second = price_of(prices[order.model])
    if not is_per_second:
        return amount
    seconds = order.options.get("duration")
    return amount * seconds if isinstance(seconds, int | float) else None
