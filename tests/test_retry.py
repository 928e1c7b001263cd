"""When to try again: jitter, Retry-After, deadlines."""

import random

import pytest

from piooy_cli.api.retry import Deadline, full_jitter, retry_after
from piooy_cli.polling import Pace


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
    """A28: digits or a date, clamped to 1..300; anything else counts as absent."""
    new_year_2000 = 946684800

    assert retry_after({"retry-after": text}, new_year_2000) == seconds


def test_jitter_is_full_and_capped():
    """Anywhere between nothing and the doubled base, at most the cap."""
    assert full_jitter(1, 0.5, 20, lambda low, high: high) == 0.5
    assert full_jitter(4, 0.5, 20, lambda low, high: high) == 4
    assert full_jitter(900, 0.5, 20, lambda low, high: high) == 20
    assert full_jitter(9, 0.5, 20, lambda low, high: low) == 0


def test_jitter_differs_between_processes():
    """L06: a seed of the program does not make two hosts try at once."""
    random.seed(1)
    first = full_jitter(5, 1, 100)
    random.seed(1)

    assert full_jitter(5, 1, 100) != first


def test_a_deadline_sees_a_laptop_that_slept(monkeypatch):
    """The wall clock goes on where the monotonic one stood still, and a clock set back is no gift."""
    import time

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


@pytest.mark.parametrize(
    ("elapsed", "typical", "pause"),
    [
        (0, 45, 2.0),
        (0.5, 45, 1.5),
        (2, 45, 2.25),
        (2, 2, 1.0),
        (2, 300, 15.0),
        (2, 900, 20.0),
        (100, 45, 10.0),
        (900, 45, 20.0),
    ],
)
def test_pace(elapsed, typical, pause):
    """Once early, then as its typical time suggests, slower when late, never under 1 s or over 20 s."""
    assert Pace().next_pause(elapsed, typical, lambda low, high: 1.0) == pytest.approx(pause)


def test_a_fixed_interval_is_kept():
    """What a person insists on."""
    assert Pace(fixed=7).next_pause(1, 900, random.uniform) == 7
