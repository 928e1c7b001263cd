"""How a batch is shown: a board on a terminal, a line now and then off one."""

import io
import re
import time
import tracemalloc
from types import MappingProxyType

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import Terminal
from rich.cells import cell_len

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.events import (
    BatchProgress,
    Failed,
    Fetched,
    Fetching,
    Noticed,
    PollStarted,
    Progressed,
    Retrying,
    Saving,
    Settled,
    Submitted,
    Submitting,
    Warned,
)
from piooy_cli.domain.models import Asset, MediaType, Order, Task
from piooy_cli.output.batch_view import (
    batch_lines,
    extrapolate,
    finished_rows,
    opening_line,
    progress_line,
)
from piooy_cli.output.live_progress import LiveProgress
from piooy_cli.output.log_progress import LogProgress
from piooy_cli.output.progress_view import ASCII, Frame, Glyphs
from piooy_cli.output.screen import Screen
from piooy_cli.output.streams import LineStream
from piooy_cli.output.tables import console

KEY = "test-key-0123456789abcdef"
REFUSED = "the provider refused the prompt: it shows somebody who is known, and does not say whom"
BUSY = BatchProgress(
    "foxes", 2000, done=118, failed=3, in_doubt=1, sent=131, sending=2, waiting=4, saving=1,
    reasons=((REFUSED, 2), ("no answer", 1)), elapsed=245, rate=0.5, left=720,
)  # fmt: skip
QUIET = BatchProgress("foxes", 60)
LATE = BatchProgress(
    "a-batch-with-a-name-that-has-no-end", 1_000_000, done=999_118, in_doubt=12_345, waiting=14,
    elapsed=245_000, rate=1 / 60, closed="the deadline has passed",
)  # fmt: skip


def shown(counted, width=80, height=24, glyphs=ASCII, trouble=""):
    """The board as text."""
    return [one.plain for one in batch_lines(counted, Frame(0, width, height, glyphs), trouble)]


BUSY_80 = """\
| foxes  ==--------------------------------------------  118 of 2,000 rows   5%
  now          2 sending       4 waiting           1 saving
  orders     131 sent          1 in doubt
  rows         3 failed    1,878 open
  pace       0.5 rows/s     4:05 elapsed    about 12 min left
  why          2 x the provider refused the prompt: it shows somebody who is k~
               1 x no answer"""
BUSY_40 = """\
| foxes               118 of 2,000   5%
  ==-----------------------------------
  2 sending, 4 waiting, 1 saving
  131 sent, 1 in doubt
  3 failed, 1,878 open
  0.5 rows/s, 4:05 elapsed
  about 12 min left
  2 x the provider refused the prompt:~
  1 x no answer"""
QUIET_80 = """\
| foxes  ---------------------------------------------------  0 of 60 rows   0%
  now      nothing in progress
  rows                        60 open
  pace                      0:00 elapsed"""
LATE_80 = """\
| a-batch-with-a-name-that-ha~  ==============-  999,118 of 1,000,000 rows  99%
  now                                 14 waiting
  orders                          12,345 in doubt
  pace           1.0 rows/min   68:03:20 elapsed
  nothing more is sent: the deadline has passed"""


@pytest.mark.parametrize(
    ("counted", "width", "wanted"),
    [(BUSY, 80, BUSY_80), (BUSY, 120, BUSY_80.replace("k~", "known, and does not say whom")), (BUSY, 40, BUSY_40),
     (QUIET, 80, QUIET_80), (LATE, 80, LATE_80)],
)  # fmt: skip
def test_a_board(counted, width, wanted):
    """Numbers below each other; nothing of what is zero."""
    assert shown(counted, width) == wanted.splitlines()


@pytest.mark.parametrize(
    ("rate", "told"),
    [(None, None), (0, None), (123.4, "123 rows/s"), (9.96, "10 rows/s"), (0.5, "0.5 rows/s"), (0.2, "12 rows/min"),
     (0.01, "0.6 rows/min"), (0.005, "18 rows/h"), (1e-9, None)],
)  # fmt: skip
def test_a_rate_is_a_number_that_one_can_imagine(rate, told):
    """By the second, the minute or the hour; nothing where it is nothing."""
    words = progress_line(QUIET._replace(rate=rate))

    assert words == "0 of 60 rows done" + (f"; {told}" if told else "")


counts = st.integers(0, 10**9)
amounts = st.none() | st.floats(0, 1e12)
anything = st.builds(
    BatchProgress, st.text(), counts, *[counts] * 8, st.lists(st.tuples(st.text(), counts)),
    st.floats(0, 1e12), amounts, amounts, st.text(),
)  # fmt: skip


@given(
    anything,
    st.integers(20, 200),
    st.integers(1, 60),
    st.text(),
    st.sampled_from([Glyphs(), ASCII]),
)
def test_a_board_fits_whatever_there_is_to_tell(counted, width, height, trouble, glyphs):
    """Ten lines at most, no more than the window has, and none reaches its last column."""
    lines = shown(counted, width, height, glyphs, trouble)

    assert 1 <= len(lines) <= min(10, max(height - 2, 1))
    assert max(map(cell_len, lines)) <= width - 1


@given(anything)
def test_a_line_is_there_whatever_there_is_to_tell(counted):
    """Off a terminal, too, and a share that a task bar can show."""
    assert progress_line(extrapolate(counted, 1)) and opening_line(counted)
    assert 0 <= finished_rows(counted) <= counted.rows


def test_the_ascii_board_is_ascii():
    """No sign that an old terminal has not."""
    assert "".join(shown(BUSY, trouble="x")).isascii()


@pytest.mark.parametrize(("count", "style"), [(1, "bold red"), (0, None)])
def test_what_may_have_been_charged_is_bold_and_red(count, style):
    """In doubt: the one number that the user has to act upon."""
    lines = batch_lines(BUSY._replace(in_doubt=count), Frame(0))
    styles = {line.plain[s.start : s.end].strip(): s.style for line in lines for s in line.spans}

    assert styles.get("in doubt") == style


def test_why_nothing_is_sent_stays_where_room_is_short():
    """Reasons go first, then what is being tried again; ten lines hold both in a window of 24."""
    full = BUSY._replace(closed="no credit", reasons=[(f"reason {n}", 9) for n in range(9)])

    assert len(shown(full, trouble="busy")) == 10
    assert [line.strip() for line in shown(full, 40, trouble="busy")[-2:]] == [
        "9 x reason 0",
        "retrying: busy",
    ]
    assert shown(full, 40, 10)[-1].strip() == "nothing more is sent: no credit"


@pytest.mark.parametrize(
    ("counted", "first", "words"),
    [(BUSY, "batch foxes: 2,000 rows, 118 done before, 3 failed before",
      "118 of 2,000 rows done, 3 failed, 1 in doubt; 2 sending, 4 waiting, 1 saving; 0.5 rows/s, about 12 min left"),
     (BatchProgress("one", 1), "batch one: 1 row", "0 of 1 rows done"),
     (LATE, "batch a-batch-with-a-name-that-has-no-end: 1,000,000 rows, 999,118 done before",
      "999,118 of 1,000,000 rows done, 12,345 in doubt; 14 waiting; 1.0 rows/min; nothing more is sent: the deadline has passed")],
)  # fmt: skip
def test_a_line_of_a_log(counted, first, words):
    """Each stands alone."""
    assert (opening_line(counted), progress_line(counted)) == (first, words)


def test_time_goes_on_between_two_events():
    """And time left that has passed is no more than unknown."""
    later = progress_line(extrapolate(BUSY, 700)), progress_line(extrapolate(BUSY, 721))

    assert "about 20 s left" in later[0] and "left" not in later[1]
    assert extrapolate(BUSY, 10).elapsed == 255


class Live:
    """Progress on a terminal that is in memory."""

    def __init__(self, encoding="utf-8", **how):
        self._bytes = io.BytesIO()
        file = io.TextIOWrapper(self._bytes, encoding=encoding, write_through=True)
        on_stderr = console(file, True, 80)
        painter = Screen(on_stderr, MappingProxyType({"TERM_PROGRAM": "ghostty"}))
        self.progress = LiveProgress(on_stderr, painter, [KEY], **how)

    def tell(self, *events):
        """Each, then a beat."""
        for event in events:
            self.progress.event(event)
        self.progress.heartbeat()
        return self.text

    @property
    def shares(self):
        """What the task bar was reported."""
        return re.findall(rb"9;4;1;(\d+)", self._bytes.getvalue())

    @property
    def text(self):
        """What is on the screen."""
        screen = pyte.Screen(80, 24)
        screen.set_mode(pyte.modes.LNM)
        pyte.ByteStream(screen).feed(self._bytes.getvalue())
        return "\n".join(line.rstrip() for line in screen.display).strip()


@pytest.fixture
def live():
    """One, closed at the end."""
    one = Live()
    yield one
    one.progress.close()


def life_of(n):
    """All that is reported of one task."""
    task = Task(f"task-{n:07}", "PROCESSING", prompt=f"a fox of {n} hairs")
    asset = Asset(1, "https://e.com/a.png", "image")
    order = Order(MediaType.IMAGE, "text-to-image", "p", "m", task.prompt)
    return [
        Submitting(order), Submitted(task), PollStarted(task.id), Progressed(task, 1), Settled(task), Fetching(task),
        Saving(task, asset, 1, 2), Retrying(task.id, f"trouble {n}: a cut line", 1), Fetched(task),
    ]  # fmt: skip


def test_a_batch_replaces_the_rows_of_tasks(live):
    """Rows until the first count; from then on the board, whatever is reported of tasks."""
    before = live.tell(*life_of(1)[:3])
    after = live.tell(BUSY, *life_of(2)[:7])

    assert "a fox of 1 hairs" in before and "118" not in before
    assert "118 of 2,000 rows" in after and "hairs" not in after


def test_the_task_bar_has_the_share_of_what_is_over(live):
    """Done, failed or in doubt: nothing more happens to it."""
    live.tell(BUSY._replace(done=500, failed=300, in_doubt=200))

    assert live.shares == [b"50"]


def test_what_matters_is_printed_above_the_board(live):
    """Notices and warnings as lines that stay, and the board below them."""
    lines = live.tell(BUSY, Noticed("taken up"), Warned("nearly full")).splitlines()

    assert lines[:2] == ["taken up", "warning: nearly full"]
    assert [line for line in lines if "rows/s" in line] and lines[-1].endswith("no answer")


def test_text_from_outside_is_text_and_never_the_key(live):
    """Names, reasons and troubles: no markup, no escape, no secret."""
    hostile = f"[bold]{KEY}\x1b[31m\x1b]2;x\x07"
    words = live.tell(
        BUSY._replace(name=hostile[:30], reasons=[(hostile, 1)], closed=hostile),
        Retrying("t", hostile, 1),
    )

    assert words.count("[bold]***\\x1b[31m\\x1b]2;x\\x07") == 3 and KEY not in words


def test_a_result_does_not_take_the_board_away(live):
    """It comes back at once. When no task is in progress it goes: the summary may come next."""
    live.tell(BUSY)
    live.progress.aside()
    gone = live.text
    time.sleep(0.03)
    live.progress.aside(pause=False)

    assert gone == "" and "118 of 2,000 rows" in live.text
    live.progress.event(BUSY._replace(sending=0, waiting=0, saving=0))
    assert live.text == ""


def test_the_first_trouble_stays_long_enough_to_be_read(live):
    """Not one for each of hundreds a second."""
    troubles = [Retrying("t", f"trouble {n}", 1) for n in range(3)]
    words = live.tell(BUSY, *troubles)

    assert re.findall("retrying: .*", words) == ["retrying: trouble 0"]


def test_each_trouble_is_told_where_more_is_wanted():
    """--verbose."""
    live = Live(verbose=True)
    words = live.tell(BUSY, *[Retrying("t", f"trouble {n}", 1) for n in range(3)])
    live.progress.close()

    assert len(re.findall(r"t: trouble \d; retrying in 1.0 s", words)) == 3


def test_an_old_encoding_is_no_crash():
    """The signs of the board are those of the terminal."""
    live = Live("ascii")
    words = live.tell(BUSY._replace(name="狐"))
    live.progress.close()

    assert words.startswith("| ?") or words[0] in "/-\\"
    assert "2 x the provider" in words


def a_log(**how):
    """Progress off a terminal, and what it wrote."""
    written = io.StringIO()
    return LogProgress(LineStream(written, [KEY]), **how), written


@pytest.mark.parametrize("make", [lambda: Live().progress, lambda: LogProgress(LineStream(None, [])),
                                  lambda: LogProgress(LineStream(None, []), verbose=True)],
                         ids=["live", "lines", "verbose"])  # fmt: skip
def test_a_million_rows_need_no_more_memory_than_ten(make):
    """Nothing is remembered of a task that a batch sent, not even of one that never ended."""
    progress = make()
    progress.event(BUSY)

    def tell(first, last):
        for n in range(first, last):
            for event in life_of(n)[: 9 if n % 2 else 4]:
                progress.event(event)

    tracemalloc.start()
    tell(0, 2500)
    before = tracemalloc.get_traced_memory()[0]
    tell(2500, 4500)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    progress.close()

    assert grown < 100_000


def test_a_log_has_the_beginning_and_a_line_now_and_then():
    """No line for a task; those that matter stay."""
    progress, written = a_log(heartbeat=0.1)
    for event in (
        BUSY,
        *life_of(1),
        Noticed("taken up"),
        Warned("nearly full"),
        Failed(PiooyError("x")),
    ):
        progress.event(event)
    progress.heartbeat()
    early = [line.partition("Z ")[2] for line in written.getvalue().splitlines()]
    time.sleep(0.11)
    for _ in range(3):
        progress.heartbeat()
    late = [line.partition("Z ")[2] for line in written.getvalue().splitlines()][len(early) :]

    assert early == [
        opening_line(BUSY),
        "task-0000001: trouble 1: a cut line; retrying in 1.0 s",
        "taken up",
        "nearly full",
    ]
    assert late == [progress_line(BUSY)]


def test_a_log_has_all_where_more_is_wanted():
    """--verbose."""
    progress, written = a_log(verbose=True)
    for event in (BUSY, *life_of(1)):
        progress.event(event)

    assert "task-0000001 submitted" in written.getvalue() and "PROCESSING" in written.getvalue()


@pytest.fixture
def foxes(home):
    """A manifest of thirty rows."""
    (home / "foxes.txt").write_text("".join(f"a red fox, the {n}th\n" for n in range(30)))
    return ("batch", "foxes.txt", "-m", "nano-banana-pro", "--name", "foxes", "-o", "out/")


@pytest.mark.parametrize("columns", [40, 80])
def test_a_batch_on_a_terminal(sandbox, home, foxes, columns):
    """The board, never more than ten lines of it; at the end results, summary, and nothing else."""
    (home.parent / "config").mkdir(exist_ok=True)
    (home.parent / "config/config.toml").write_text("title = true\n")
    screen = Terminal(
        *foxes, "-j", "10", "--interval", "200ms", columns=columns, rows=40, TERM_PROGRAM="ghostty"
    )
    screen.until("of 30")
    boards = []
    while screen.read(0.04):
        head, _, board = screen.text.rpartition("foxes  ")
        boards += (
            [board.splitlines()]
            if head.endswith(tuple(f"{one} " for one in Glyphs().spinner))
            else []
        )

    assert screen.end() == 0
    assert boards and all(len(board) <= 10 for board in boards)
    assert not re.search("waiting|elapsed|[━─…]", screen.text)
    assert len(re.findall(r"-1\.png", screen.text)) == 30 and "30 of 30 rows done" in screen.text
    shares = [int(one) for one in re.findall(rb"\x1b\]9;4;1;(\d+)", screen.bytes)]
    assert shares == sorted(shares) and shares[-1] > 30
    assert set(re.findall(rb"\x1b\]2;piooy: \d+ of (\d+)\x07", screen.bytes)) == {b"30"}


def test_a_batch_off_a_terminal(piooy, sandbox, foxes):
    """What is mailed: how it began, what it came to; not a line for a row."""
    ran = piooy(*foxes, "-j", "10", "--heartbeat", "100ms")
    first, *others = ran.err.splitlines()

    assert ran.code == 0 and len(ran.lines) == 30
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ batch foxes: 30 rows", first)
    assert not re.search(r"submit|SUCCESS|PROCESSING|saved, |\x1b|\r", "".join(others[:-2]))
    assert others[-2].startswith("batch foxes: 30 of 30 rows done")
    assert all(re.match(r"\S+Z \d+ of 30 rows done", line) for line in others[:-2])
