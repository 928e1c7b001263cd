"""What was found by reading, by faults and by use: each case, through the command line."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import QUICK
from servers import PNG, TASK, accepted, expect_look, expect_order, read_request, task
from werkzeug.wrappers import Response

BATCH = ("batch", "p.txt", "-m", "m", "--media", "image", "-o", "out")
GENERATE = ("generate", "image", "-m", "m")


def made(api, *paths):
    """An order that ends with these files."""
    expect_order(api)
    expect_look(api, task(result={"results": [api.url_for(path) for path in paths]}))
    for path in paths:
        api.expect_request(path).respond_with_data(PNG)


def test_a_directory_that_is_not_utf8_costs_no_success(piooy, api, home):
    """The path is printed and recorded, and the file is found again."""
    made(api, "/a.png")
    Path(os.fsdecode(b"caf\xe9")).mkdir()

    ran = piooy(*GENERATE, "-o", os.fsdecode(b"caf\xe9"), "x")

    assert ran.code == 0 and ran.bytes.startswith(b"caf\xe9/")
    assert piooy("history", "check").code == 0
    assert piooy("history", "--unsaved").lines == []


@pytest.mark.parametrize(
    "arguments",
    [("wait", "--download", "-o", "-", TASK), (*BATCH[:-1], "-"), (*GENERATE, "--vary", "seed:=1..2", "-o", "-", "x")],
    ids=lambda value: value[0],
)  # fmt: skip
def test_output_to_stdout_makes_no_directory_of_that_name(piooy, api, home, arguments):
    """Exit 2, before anything is sent."""
    (home / "p.txt").write_text("a\n")

    assert piooy(*arguments).code == 2
    assert not (home / "-").exists() and api.log == []


def test_the_variable_for_the_output_is_checked_as_the_option(piooy, api, home, monkeypatch):
    """`PIOOY_OUTPUT=-` is no directory either."""
    monkeypatch.setenv("PIOOY_OUTPUT", "-")

    assert piooy("wait", "--download", TASK).code == 2
    assert not (home / "-").exists()


def test_a_bad_line_is_an_error_of_a_download_to_stdout(piooy, api):
    """A bad line beside a good id: exit 2, and nothing is written."""
    ran = piooy("download", "-o", "-", stdin=f"not an id!\n{TASK}\n")

    assert (ran.code, ran.bytes) == (2, b"") and "is not a task id" in ran.err


@pytest.mark.parametrize("spoil", ["all", "page"])
def test_a_spoiled_row_store_is_built_again(piooy, api, home, spoil):
    """The manifest, the ledger and the results know everything: nothing is sent twice."""
    (home / "p.txt").write_text("".join(f"a fox {n}\n" for n in range(300)))
    expect_order(api)
    assert piooy(*BATCH, "--limit", "1", "--timeout", "1").code == 3
    (store,) = (home.parent / "state" / "batches").glob("*/*.sqlite3")
    size = store.stat().st_size
    store.write_bytes(
        b"nothing" * 100 if spoil == "all" else store.read_bytes()[: size // 2] + b"x" * (size // 2)
    )
    sent = len(api.log)

    ran = piooy(*BATCH, "--dry-run")

    assert ran.code == 0 and "internal error" not in ran.err
    assert "299 of 300 rows would be sent" in ran.err
    assert len(api.log) == sent


def test_files_are_printed_and_recorded_as_they_land(piooy, api, home):
    """The second file is there at once, though the first one hangs."""
    api.expect_request("/b.png").respond_with_data(PNG)
    expect_look(api, task(result={"results": [api.url_for("/slow.png"), api.url_for("/b.png")]}))
    api.expect_request("/slow.png").respond_with_handler(lambda _: time.sleep(20) or Response(PNG))
    with subprocess.Popen(
        [sys.executable, "-m", "piooy_cli", "download", TASK, "-o", "out"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as running:  # fmt: skip
        begun = time.monotonic()
        first = running.stdout.readline()
        running.terminate()

    assert "-2.png" in first and time.monotonic() - begun < 15
    with sqlite3.connect(home.parent / "state" / "ledger.sqlite3") as ledger:
        assert ledger.execute("select n from assets where path is not null").fetchall() == [(2,)]


def test_a_plain_address_elsewhere_goes_through_the_proxy(piooy, api, monkeypatch):
    """Only this machine is reached past it."""
    expect_look(api, task(result={"results": ["http://assets.example/a.png"]}))
    asked = []
    proxy = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = proxy.accept()
        asked.append(connection.recv(1000))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PNG) + PNG)
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")

    assert piooy("download", TASK, "--allow-http-assets").code == 0
    assert asked[0].startswith(b"GET http://assets.example/a.png")
    proxy.close()


def test_concurrency_bounds_several_tasks_of_one_request(piooy, api):
    """`-n 4 -j 1`: one after the other."""
    running, most = set(), []

    def order(request):
        running.add(request.get_data())
        most.append(len(running))
        time.sleep(0.05)
        running.discard(request.get_data())
        return Response(json.dumps(accepted(f"t{len(most)}")))

    api.expect_request("/api/v1/generate", method="POST").respond_with_handler(order)
    for n in range(1, 5):
        expect_look(
            api, task(result={"results": [api.url_for("/a.png")]}, id=f"t{n}"), task_id=f"t{n}"
        )
    begun = time.monotonic()

    assert piooy(*GENERATE, "-n", "4", "-j", "1", "--no-wait", "x").code == 0
    assert time.monotonic() - begun >= 0.2
    assert piooy(*GENERATE, "--name", "mine", "x").code == 2


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        ("[profiles]\nwork = 3\n", ("config", "list")),
        ("profiles = 3\n", ("config", "list")),
        ('model = "abc"\n', ("config", "set", "model.image", "x")),
        ('model = "abc"\n', ("config", "unset", "model.image")),
    ],
)
def test_a_config_file_of_the_wrong_shape_is_no_internal_error(piooy, home, content, arguments):
    """It is read, or refused in a sentence."""
    config = home.parent / "config"
    config.mkdir()
    (config / "config.toml").write_text(content)

    ran = piooy(*arguments)

    assert ran.code in (0, 2) and "internal error" not in ran.err


def test_a_linked_config_file_stays_a_link(piooy, home):
    """As in a collection of dotfiles: the file behind it is changed."""
    config = home.parent / "config"
    config.mkdir()
    (home / "mine.toml").write_text("# mine\n")
    (config / "config.toml").symlink_to(home / "mine.toml")

    assert piooy("config", "set", "output", "art").code == 0
    assert (config / "config.toml").is_symlink()
    assert (home / "mine.toml").read_text().startswith("# mine\n")


def test_settings_that_are_changed_at_once_all_stay(home):
    """Six processes, six settings."""
    keys = [f"model.{media}" for media in ("image", "video", "music", "character")] + [
        "output",
        "provider",
    ]
    command = [sys.executable, "-m", "piooy_cli", "config", "set"]
    running = [subprocess.Popen([*command, key, "x"]) for key in keys]

    assert [one.wait(30) for one in running] == [0] * 6
    text = (home.parent / "config" / "config.toml").read_text()
    assert text.count('"x"') == 6


def test_a_tilde_in_a_directory_variable_is_the_home(piooy, home, monkeypatch):
    """As systemd and cron pass it, without a shell."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PIOOY_CONFIG_DIR", "~/settings")

    assert piooy("config", "set", "output", "x").code == 0
    assert (home / "settings" / "config.toml").exists() and not Path("~").exists()


@pytest.mark.parametrize("where", ["key", "keys.json", "config.toml"])
def test_a_pipe_that_nobody_writes_is_not_waited_for(home, monkeypatch, where):
    """An error at once, for the key file, the stored keys and the config file."""
    config = home.parent / "config"
    config.mkdir()
    monkeypatch.delenv("PIOOY_API_KEY", raising=False)
    if where == "key":
        os.mkfifo("key")
        monkeypatch.setenv("PIOOY_API_KEY_FILE", str(home / "key"))
    else:
        os.mkfifo(config / where)

    ran = subprocess.run(
        [sys.executable, "-m", "piooy_cli", "task", "abcdefgh"],
        capture_output=True, text=True, timeout=15, check=False,
    )  # fmt: skip

    assert ran.returncode in (2, 4, 13) and "is not a regular file" in ran.stderr


def test_a_key_from_a_process_substitution_is_read(home):
    """`<(pass show piooy)` is a pipe that the shell has made."""
    script = f"PIOOY_BASE_URL=http://127.0.0.1:9 PIOOY_API_KEY_FILE=<(echo test-key-1) {sys.executable} -m piooy_cli task abcdefgh"
    ran = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False
    )

    assert ran.returncode == 10


def test_a_name_that_is_too_long_is_the_disks_refusal(piooy, api):
    """Exit 13 before anything is sent."""
    ran = piooy(*GENERATE, "-o", "n" * 300, "x")

    assert ran.code == 13 and "internal error" not in ran.err and api.log == []


def test_a_search_that_is_not_utf8_is_refused(piooy):
    """Exit 2."""
    assert piooy("history", "--search", "\udcff").code == 2


@pytest.mark.parametrize("skew", [-900, 900])
def test_a_date_of_retry_after_counts_by_the_servers_clock(piooy, raw, skew):
    """Its own Date says what time it is there."""
    from email.utils import formatdate

    answers = []

    def behave(connection):
        read_request(connection)
        now = time.time() + skew
        times = f"Date: {formatdate(now, usegmt=True)}\r\nRetry-After: {formatdate(now + 2, usegmt=True)}"
        body = json.dumps(accepted()) if answers else "{}"
        status = "200 OK" if answers else f"429 No\r\n{times}"
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        answers.append(time.monotonic())

    raw(behave)

    ran = piooy(*GENERATE, "--no-wait", "x", numbers=QUICK._replace(limit_cap=60, limit_budget=60))

    assert ran.code == 0 and 1.0 < answers[1] - answers[0] < 5


def test_a_key_that_occurs_twice_in_a_row_is_refused(piooy, api, home):
    """Which of the two was meant is not guessed."""
    (home / "d.jsonl").write_text('{"prompt":"a","prompt":"b","model":"m","media":"image"}\n')

    ran = piooy("batch", "d.jsonl", "--dry-run")

    assert ran.code == 2 and "occurs twice" in ran.err


def test_reports_go_to_pipes_as_they_are(sandbox, home):
    """`--summary >(jq .)` and a device: what is there is written, not replaced."""
    (home / "p.txt").write_text("a\n")
    script = (
        f"{sys.executable} -m piooy_cli -q batch p.txt -m m --media image -o out --interval 100ms"
        " --summary >(cat > summary.json) --metrics /dev/stderr --results >(cat > results.jsonl)"
    )
    ran = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    time.sleep(0.3)

    assert ran.returncode == 0, ran.stderr
    assert json.loads((home / "summary.json").read_text())["rows_done"] == 1
    assert json.loads((home / "results.jsonl").read_text())["status"] == "SUCCESS"
    assert "piooy_batch_rows" in ran.stderr


def test_details_have_times_that_people_read(piooy, sandbox):
    """Beside the seconds, which scripts may read already."""
    piooy(*GENERATE, "--no-wait", "x")

    (attempt,) = piooy("--json", "history", "show", "@last").json[0]["attempts"]

    assert attempt["started_at"].startswith("20") and isinstance(attempt["started"], float)


def test_a_long_refusal_is_cut(piooy, api):
    """The first 300 characters say enough."""
    expect_order(api, {"code": -1, "message": "no " * 1000})

    assert max(map(len, piooy(*GENERATE, "x").err.splitlines())) < 400


def test_a_record_of_a_task_has_what_the_ledger_knows(piooy, sandbox, home):
    """When it ended, and where its files are."""
    piooy(*GENERATE, "-o", "out", "x")

    (record,) = piooy("task", "--json", "@last").json

    assert record["settled_at"] and record["assets"][0]["path"].startswith(str(home))
    assert record["assets"][0]["sha256"] and record["assets"][0]["bytes"] > 0


def test_json_lines_are_lines_for_every_reader(piooy, api):
    """Line separators of Unicode inside a text are escaped."""
    expect_look(api, task(prompt="a\u2028b\u2029c\x85d"))

    ran = piooy("task", "--json", TASK)

    assert len(ran.out.splitlines()) == 1 and ran.json[0]["prompt"] == "a\u2028b\u2029c\x85d"


def test_sound_as_hexadecimal_text_is_decoded(piooy, api, home):
    """As MiniMax sends music."""
    song = b"ID3" + bytes(200)
    expect_look(api, task(result={"data": {"audio": song.hex()}}, mediaType="music"))

    ran = piooy("download", TASK, "-o", "s.{ext}")

    assert ran.lines == ["s.mp3"] and (home / "s.mp3").read_bytes() == song


def test_two_task_ids_in_one_response_are_both_named(piooy, api, home):
    """JSON keeps the last of two equal keys; the other may be a task that was paid for."""
    other = TASK[:-1] + "z"
    body = f'{{"code":0,"data":{{"taskId":"{other}","taskId":"{TASK}"}}}}'
    api.expect_request("/api/v1/generate").respond_with_data(body, content_type="application/json")

    ran = piooy(*GENERATE, "--no-wait", "x")

    assert ran.lines == [TASK]
    assert other in ran.err and f"this is {TASK}" in ran.err
