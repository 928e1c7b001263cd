"""Spending limits: maximum orders per hour, day or month, model and batch, counted on disk.

They are counted in the transaction that records an order, so that processes cannot overshoot.
"""

import sqlite3
import time
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from piooy_cli.config.allowances import rate_of
from piooy_cli.domain.errors import OverLimit, TooSoon
from piooy_cli.ledger.sqlite import process_id

_SLACK = 0.01
_A_MOMENT = 0.2  # until what others have under way is more likely decided
# An order that was sent counts until it is certain that it was not executed.
_MAY_BE_CHARGED = "phase in ('sending', 'accepted', 'unknown')"


class SpendingLimits(NamedTuple):
    """The user's limits. `rates`: `6/min` by model; `most`: orders by period, such as `day`."""

    rates: Mapping[str, str] = MappingProxyType({})
    most: Mapping[str, int] = MappingProxyType({})
    of_batch: int | None = None

    def admit(
        self, connection: sqlite3.Connection, account: str, model: str, batch: str | None
    ) -> None:
        """Return if one more order may be sent now. Raises TooSoon or OverLimit."""
        for period, most in self.most.items():
            self._check_period(connection, account, period, most)
        if self.of_batch is not None and batch is not None:
            self._check_batch(connection, account, batch, self.of_batch)
        if model in self.rates:
            self._check_rate(connection, account, model)

    def _check_period(
        self, connection: sqlite3.Connection, account: str, period: str, most: int
    ) -> None:
        query = (
            "select count(*) from attempts join orders on orders.id = order_id"
            f" where started >= ? and account = ? and {_MAY_BE_CHARGED}"
        )
        used = connection.execute(query, (period_start(period), account)).fetchone()[0]
        if used >= most:
            raise _full(connection, used, most, f"cap.{period}")

    def _check_batch(
        self, connection: sqlite3.Connection, account: str, batch: str, most: int
    ) -> None:
        query = (
            "select count(*) from orders where account = ? and batch = ?"
            " and state not in ('PLANNED', 'REFUSED')"
        )
        used = connection.execute(query, (account, batch)).fetchone()[0]
        if used >= most:
            raise _full(connection, used, most, "--max-tasks")

    def _check_rate(self, connection: sqlite3.Connection, account: str, model: str) -> None:
        count, seconds = rate_of(self.rates[model])
        seconds += min(seconds * _SLACK, 1)  # the service's window begins when an order arrives
        query = (
            "select started from attempts join orders on orders.id = order_id where started > ?"
            f" and account = ? and model = ? and {_MAY_BE_CHARGED}"
            " order by started desc limit 1 offset ?"
        )
        now = time.time()
        values = (now - seconds, account, model, count - 1)
        if oldest := connection.execute(query, values).fetchone():
            wait = min(max(oldest[0] + seconds - now, 0.01), seconds)
            raise TooSoon(wait, f"limit.{model} is {self.rates[model]}")


def period_start(period: str, now: datetime | None = None) -> float:
    """Return when this hour, day or month began by local time, in Unix seconds."""
    moment = (now or datetime.now()).astimezone().replace(minute=0, second=0, microsecond=0)
    if period != "hour":
        moment = moment.replace(hour=0)
    if period == "month":
        moment = moment.replace(day=1)
    return moment.replace(tzinfo=None).astimezone().timestamp()  # the offset of that day, not now


def _full(connection: sqlite3.Connection, used: int, most: int, what: str) -> Exception:
    """Return TooSoon while orders in progress may still be rejected, else OverLimit."""
    query = "select owner from orders where state = 'SENDING'"
    senders = {row[0] for row in connection.execute(query)}
    here = [sender for sender in senders if sender and not process_id.is_elsewhere(sender)]
    if used == most and any(map(process_id.is_alive, here)):
        return TooSoon(_A_MOMENT, f"{what} is {most}, and some of them are in progress")
    return OverLimit(f"{what} is {most}, and {used} were sent", f"raise {what} to send more")
