"""When to try again: jitter, Retry-After, deadlines, and how many polls a second."""

import asyncio
import random
import time

import pytest

from piooy_cli.concurrency.backoff import Deadline, TokenBucket, full_jitter, retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3), ("0", 1), ("301", 300), ("999999999", 300), ("1e9", None), ("-5", None), ("1.5", None), ("²", None),
        ("٣", None), ("1" * 20, None), ("", None), ("soon", None), ("3, 4", None),
        ("Sat, 01 Jan 2000 00:00:30 GMT", 30), ("Sat, 01 Jan 2000 00:00:00 -0000", 1), ("Fri, 31 Dec 1999 00:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300), ("Sat, 99 Jan 2000 00:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(text, seconds):
    """Digits or a date, clamped to 1..300; anything else counts as absent."""
    new_year_2000 = 946684800

    assert retry_after({"retry-after": text}, new_year_2000) == seconds


def test_jitter_is_full_and_capped():
    """Anywhere between nothing and the doubled base, at most the cap."""
    assert full_jitter(1, 0.5, 20, lambda low, high: high) == 0.5
    assert full_jitter(4, 0.5, 20, lambda low, high: high) == 4
    assert full_jitter(900, 0.5, 20, lambda low, high: high) == 20
    assert full_jitter(9, 0.5, 20, lambda low, high: low) == 0


def test_jitter_differs_between_processes():
    """A seed of the program does not make two hosts try at once."""
    random.seed(1)
    first = full_jitter(5, 1, 100)
    random.seed(1)

    assert full_jitter(5, 1, 100) != first


def test_a_deadline_sees_a_laptop_that_slept(monkeypatch):
    """The wall clock continues where the monotonic one stood still, and a clock set back is no gift."""
    now = {"monotonic": 100.0, "wall": 1_000_000.0}
    monkeypatch.setattr(time, "monotonic", lambda: now["monotonic"])
    monkeypatch.setattr(time, "time", lambda: now["wall"])
    deadline = Deadline(60)
    now["wall"] += 61
    assert deadline.passed
    now["wall"] -= 86_400
    assert not deadline.passed
    now["monotonic"] += 61
    assert deadline.passed


def test_a_bucket_lets_through_its_burst_and_then_its_rate():
    """Twenty at once where five and a hundred a second are allowed: fifteen wait their turn."""

    async def all_through():
        bucket, start = TokenBucket(100, 5), time.monotonic()
        turns = await asyncio.gather(*(_passed(bucket, start) for _ in range(20)))
        return sorted(turns)

    turns = asyncio.run(all_through())

    assert turns[4] < 0.05
    assert all(turn > (n - 4) / 100 - 0.001 for n, turn in enumerate(turns))


async def _passed(bucket, start):
    assert await bucket.take(Deadline(10))
    return time.monotonic() - start


def test_a_turn_after_the_deadline_is_none():
    """Whoever cannot be served in time is reported at once, and takes no one's turn."""

    async def refused():
        bucket = TokenBucket(0.1, 1)
        await bucket.take(Deadline(1))
        return [await bucket.take(Deadline(0.2)) for _ in range(3)]

    assert asyncio.run(refused()) == [False] * 3


def test_a_bucket_slows_at_a_429_and_recovers():
    """Half at each complaint, once for all of one second, and back in steps, never above it."""
    bucket = TokenBucket(64, 1)
    for moment in (0, 0.2, 0.4, 2, 2.1):
        bucket.slower(moment)
    assert bucket.rate == 16
    for moment in range(4, 44, 2):
        bucket.slower(moment)
    assert bucket.rate == 1
    for _ in range(1000):
        bucket.recover()
    assert bucket.rate == 64
