"""When to look at a task next, and what past runs promise."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piooy_cli.domain.models import size_label
from piooy_cli.tasks.poll_schedule import Pace, expectation_from

seconds = st.floats(0.05, 20_000)
pasts = st.lists(seconds, max_size=30)


def even(low, high):
    """No jitter."""
    return (low + high) / 2


def looks(pace, expectation, until=2000.0, jitter=even):
    """The ages at which a task is looked at."""
    ages = [pace.first_pause(0, expectation)]
    while ages[-1] < until:
        ages.append(ages[-1] + pace.next_pause(ages[-1], expectation, jitter))
    return ages


@given(pasts, seconds, seconds)
def test_every_pause_is_within_its_bounds(durations, typical, age):
    """Whatever was learned: half a second at least, 20 s at most, a tenth of jitter."""
    pause = Pace().next_pause(age, expectation_from(durations, typical), random.uniform)

    assert 0.45 <= pause <= 22


@given(pasts, seconds)
def test_the_first_look_is_early(durations, typical):
    """After 2 s, or up to 7 s where runs are so short that the end may come just then."""
    assert 0 <= Pace().first_pause(0, expectation_from(durations, typical)) <= 7


@given(pasts, seconds, st.lists(seconds, min_size=2))
def test_shares_and_ages_agree(durations, typical, ages):
    """`at` undoes `finished`; the share only grows; half of what still runs is over in `left`."""
    known = expectation_from(durations, typical)
    shares = [known.finished(age) for age in sorted(ages)]

    assert shares == sorted(shares)
    assert known.finished(known.at(0.5)) == pytest.approx(0.5)
    assert known.at(0.1) <= known.middle <= known.at(0.9)
    age = known.middle
    assert known.finished(age + known.left(age)) == pytest.approx(0.75)


@given(pasts, seconds, st.floats(0, 1e9))
def test_however_late_it_is_there_is_an_answer(durations, typical, age):
    """Long after the slowest run: a share of at most 1, and some time left."""
    known = expectation_from(durations, typical)

    assert 0 <= known.finished(age) <= 1
    assert known.left(age) >= 0
    assert known.hazard(max(age, 0.02)) > 0


def test_many_runs_outweigh_the_catalogue_and_none_repeat_it():
    """Shrunk towards the catalogue's typical time only while runs are few."""
    assert expectation_from([], 45).middle == 45
    assert 4 < expectation_from([4.0], 45).middle < 8
    assert expectation_from([4.0] * 30, 45).middle == pytest.approx(4, rel=0.02)
    assert (
        expectation_from([4.0, 4.4, 3.6] * 10, 45).spread
        < expectation_from([4.0, 4.4, 3.6], 45).spread
    )


def test_quiet_then_dense_then_slow():
    """Runs of 40 s: one early look, silence, polls around 40 s, and ever fewer in the tail."""
    random.seed(3)
    past = [random.lognormvariate(math.log(40), 0.25) for _ in range(30)]
    ages = looks(Pace(), expectation_from(past, 45))

    assert ages[0] == 2
    assert len([age for age in ages if 2 < age < 18]) <= 1
    gaps = [later - age for age, later in itertools.pairwise(ages)]
    densest = ages[gaps.index(min(gaps))]
    assert 30 < densest < 60 and min(gaps) < 3
    assert 15 < gaps[-1] <= 20


@pytest.mark.parametrize("runs", [0, 1, 8, 30])
@pytest.mark.parametrize("middle", [4, 12, 40, 90])
@pytest.mark.parametrize("off", [0.3, 1, 10])
def test_never_much_too_late(middle, runs, off):
    """On average at most 2 s and 5 % late, however wrong the catalogue is."""
    random.seed(5)
    late, of = 0.0, 200
    for _ in range(of):
        past = [random.lognormvariate(math.log(middle), 0.25) for _ in range(runs)]
        took = random.lognormvariate(math.log(middle), 0.25)
        ages = looks(
            Pace(), expectation_from(past, middle * off), until=took, jitter=random.uniform
        )
        late += ages[-1] - took

    assert late / of <= 2 + 0.05 * middle


def test_a_fixed_interval_is_kept():
    """What the user insists on, from the first look to the last."""
    pace, known = Pace(fixed=7), expectation_from([], 900)

    assert pace.first_pause(0, known) == 7
    assert pace.first_pause(300, known) == 0
    assert pace.next_pause(1, known, random.uniform) == 7


@pytest.mark.parametrize(
    ("age", "unmoved", "since", "wanted"),
    [
        (20, 20, 20, False), (45, 10, 45, False), (45, 42, 45, True), (200, 1, 60, True),
        (200, 1, 10, False), (29, 29, 29, False),
    ],
)  # fmt: skip
def test_the_provider_is_asked_only_when_overdue_or_stuck(age, unmoved, since, wanted):
    """`refresh=1` costs the service a request: late or unmoved for long, and not twice in 30 s."""
    assert Pace().wants_refresh(age, unmoved, since, expectation_from([40.0] * 30, 45)) is wanted


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (None, ""), ({}, ""), ({"resolution": "2K"}, "2k"), ({"resolution": "1080p", "duration": 8}, "1080p 8s"),
        ({"duration": "5"}, "5s"), ({"duration": 8.0}, "8s"), ({"quality": "high", "seed": 3}, "high"),
        ({"size": {"w": 1}}, ""), ({"resolution": "x" * 90}, "x" * 16),
    ],
)  # fmt: skip
def test_the_size_of_an_order(options, size):
    """Resolution and length decide how long it takes; other options don't."""
    assert size_label(options) == size
