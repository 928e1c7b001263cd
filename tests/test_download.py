"""`piooy download`: whole files, good names, nothing overwritten, the key kept at home."""

import base64
import os

import pytest
from conftest import QUICK
from servers import PNG, TASK, answer, expect_look, read_request, task
from werkzeug.wrappers import Response

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200) + b"\xff\xd9"


@pytest.fixture
def asset(api):
    """A task that succeeded with one file; what its host answers can be chosen."""

    def serve(body=PNG, **how):
        expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.png")]}))
        if callable(body):
            api.expect_request("/f.png").respond_with_handler(body)
        else:
            api.expect_request("/f.png").respond_with_data(body, **how)
        return api

    return serve


def left_behind(home):
    """Files that should not be there."""
    return [path.name for path in home.rglob("*") if path.name.startswith(".")]


def test_saves_and_prints_the_path(piooy, asset, home):
    """The file, whole, under a name that says what and which."""
    asset()

    ran = piooy("download", TASK)

    assert (ran.code, ran.out) == (0, "image-0b9e7f6a-1.png\n")
    assert (home / "image-0b9e7f6a-1.png").read_bytes() == PNG
    assert left_behind(home) == []


def test_the_key_goes_to_no_asset_host(piooy, asset):
    """The asset's request carries no authorization, and names a product."""
    api = asset()

    piooy("download", TASK)

    look, fetch = (request for request, _ in api.log)
    assert look.headers["Authorization"].startswith("Bearer ")
    assert "Authorization" not in fetch.headers
    assert fetch.headers["User-Agent"].startswith("piooy/")


def test_the_key_follows_no_redirect(piooy, asset, home):
    """Up to five redirects are followed, keyless."""
    api = asset(lambda request: Response("", 302, {"location": "/hop"}))
    api.expect_request("/hop").respond_with_data("", status=307, headers={"location": "/end.png"})
    api.expect_request("/end.png").respond_with_data(PNG)

    assert piooy("download", TASK).code == 0
    assert all("Authorization" not in request.headers for request, _ in api.log[1:])


@pytest.mark.parametrize(
    "target", ["/f.png", "file:///etc/passwd", "http://192.0.2.1/x.png", "ftp://e.com/x"]
)
def test_redirects_that_are_not_followed(piooy, asset, home, target):
    """Loops, other schemes, and plain http on another host."""
    asset(lambda request: Response("", 302, {"location": target}))

    ran = piooy("download", TASK)

    assert (ran.code, ran.out, list(home.iterdir())) == (12, "", [])


@pytest.mark.parametrize(
    ("body", "extension"),
    [(JPEG, "jpg"), (PNG, "png"), (b"GIF89a" + bytes(20), "gif"), (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(9), "webp"),
     (b"<?xml version='1.0'?><svg xmlns='x'/>", "bin"), (b"[Desktop Entry]x\0", "bin"), (b"\0\1\2 no media", "bin")],
)  # fmt: skip
def test_the_extension_comes_from_the_bytes(piooy, asset, body, extension):
    """Neither the address nor the header is believed; SVG is not saved as one."""
    asset(body, content_type="image/png")

    assert piooy("download", TASK).out == f"image-0b9e7f6a-1.{extension}\n"


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><h1>Sign in</h1>",
        b'{"error": "expired"}',
        b"  <?xml version='1.0'?><Error/>",
        b"",
    ],
    ids=["HTML", "JSON", "XML", "empty"],
)
def test_a_page_is_no_picture(piooy, asset, home, body):
    """Exit 12, and no file."""
    asset(body, content_type="image/png")

    ran = piooy("download", TASK)

    assert (ran.code, ran.out, list(home.iterdir())) == (12, "", [])
    assert "no charge" in ran.err


@pytest.mark.parametrize("status", [404, 410, 451, 403, 401])
def test_an_asset_that_is_gone(piooy, asset, home, status):
    """The API is asked for a fresh address once, then exit 12."""
    api = asset(b"no", status=status)

    ran = piooy("download", TASK)

    assert (ran.code, list(home.iterdir())) == (12, [])
    asked = [request.query_string for request, _ in api.log if request.path.startswith("/api")]
    assert asked == ([b""] if status == 451 else [b"", b"refresh=assets"])


def test_a_fresh_address_heals(piooy, api, home):
    """The expired address is replaced by what `refresh=assets` gives."""
    expect_look(
        api,
        task("SUCCESS", {"results": [api.url_for("/old.png")]}),
        task("SUCCESS", {"results": [api.url_for("/new.png")]}),
    )
    api.expect_request("/old.png").respond_with_data("", status=403)
    api.expect_request("/new.png").respond_with_data(PNG)

    assert piooy("download", TASK).code == 0


def test_passing_trouble_is_tried_again(piooy, asset):
    """429 and 503 are waited out."""
    answers = [Response("", 503), Response("", 429), Response(PNG)]
    asset(lambda request: answers.pop(0))

    assert piooy("download", TASK).code == 0


def test_a_truncated_asset_is_never_saved(piooy, raw, api, home):
    """Fewer bytes than announced; five more tries, exit 12, nothing left."""
    short = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n" + PNG
    server = raw(lambda c: (read_request(c), c.sendall(short)), is_api=False)
    expect_look(api, task("SUCCESS", {"results": [server.url + "/x.png"]}))

    ran = piooy("download", TASK)

    assert (ran.code, server.connections, list(home.iterdir())) == (12, 6, [])


def test_an_encoded_asset_is_refused(piooy, asset, home):
    """No one asked for gzip."""
    asset(b"\x1f\x8b\x08\0", headers={"content-encoding": "gzip"})

    assert (piooy("download", TASK).code, list(home.iterdir())) == (12, [])


def test_too_large_is_refused_before_writing(piooy, raw, api, home):
    """A length over the cap is not even begun; without a length it stops at the cap."""
    bodies = [
        answer(PNG + bytes(5000)),
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + PNG + bytes(5000),
    ]
    for body in bodies:
        server = raw(lambda c, body=body: (read_request(c), c.sendall(body)), is_api=False)
        api.clear()
        expect_look(api, task("SUCCESS", {"results": [server.url + "/x.png"]}))

        ran = piooy("download", TASK, numbers=QUICK._replace(asset_bytes=4096))

        assert (ran.code, server.connections, list(home.iterdir())) == (12, 1, [])
        (home.parent / "state/ledger.sqlite3").unlink()  # it would remember the address


def test_data_uris_are_files_too(piooy, api, home):
    """base64 in the result is decoded."""
    encoded = base64.b64encode(PNG).decode()
    expect_look(
        api,
        task(
            "SUCCESS",
            {"data": [{"b64_json": encoded}, {"url": f"data:image/png;base64,{encoded}"}]},
        ),
    )

    ran = piooy("download", TASK)

    assert ran.code == 0
    assert all((home / path).read_bytes() == PNG for path in ran.lines)


def test_plain_http_on_another_host_needs_a_word(piooy, api):
    """Refused, with the option that allows it."""
    expect_look(api, task("SUCCESS", {"results": ["http://192.0.2.1/a.png"]}))

    ran = piooy("download", TASK)

    assert ran.code == 12
    assert "--allow-http-assets" in ran.err


def test_an_address_with_a_password_is_refused(piooy, api):
    """Nothing is sent as Basic authorization."""
    expect_look(api, task("SUCCESS", {"results": ["https://user:pw@192.0.2.1/a.png"]}))

    assert piooy("download", TASK).code == 12


def test_too_many_assets(piooy, api):
    """The count is reported, nothing is fetched."""
    expect_look(
        api, task("SUCCESS", {"results": [f"https://e.com/{n}.png" for n in range(10_000)]})
    )

    ran = piooy("download", TASK)

    assert ran.code == 12
    assert "10,000" in ran.err


def test_covers_only_when_asked(piooy, api):
    """Thumbnails and covers stay out, unless there is nothing else."""
    result = {"songs": [{"audioUrl": api.url_for("/a.mp3"), "imageUrl": api.url_for("/c.png")}]}
    expect_look(api, task("SUCCESS", result, mediaType="music"))
    api.expect_request("/a.mp3").respond_with_data(b"ID3" + bytes(20))
    api.expect_request("/c.png").respond_with_data(PNG)

    plain = piooy("download", TASK, "-o", "a")
    both = piooy("download", TASK, "-o", "b", "--covers")

    assert plain.lines == ["a/music-0b9e7f6a-1.mp3"]
    assert both.lines == ["b/music-0b9e7f6a-1.mp3", "b/music-0b9e7f6a-2.png"]


def test_only_a_cover_is_still_a_file(piooy, api):
    """A character may have nothing but its profile picture."""
    result = {
        "result_data": {"character_name": "chr_x", "profile_picture_url": api.url_for("/p.png")}
    }
    expect_look(api, task("SUCCESS", result, mediaType="character"))
    api.expect_request("/p.png").respond_with_data(PNG)

    assert piooy("download", TASK).lines == ["character-0b9e7f6a-1.png"]


def test_an_identical_file_is_left(piooy, asset, home):
    """The second time its path is printed, and nothing is written."""
    asset()
    piooy("download", TASK)
    before = (home / "image-0b9e7f6a-1.png").stat().st_mtime_ns

    again = piooy("download", TASK)

    assert again.lines == ["image-0b9e7f6a-1.png"]
    assert (home / "image-0b9e7f6a-1.png").stat().st_mtime_ns == before
    assert len(list(home.iterdir())) == 1


def test_another_file_is_never_overwritten(piooy, asset, home):
    """The default takes the next free name."""
    asset()
    (home / "image-0b9e7f6a-1.png").write_text("mine")
    (home / "image-0b9e7f6a-1-2.png").mkdir()
    (home / "image-0b9e7f6a-1-3.png").symlink_to("/nowhere")

    ran = piooy("download", TASK)

    assert ran.lines == ["image-0b9e7f6a-1-4.png"]
    assert (home / "image-0b9e7f6a-1.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("policy", "code", "lines", "content"),
    [
        ("skip", 0, [], b"mine"),
        ("fail", 13, [], b"mine"),
        ("overwrite", 0, ["image-0b9e7f6a-1.png"], PNG),
    ],
)
def test_on_exists(piooy, asset, home, policy, code, lines, content):
    """What happens when the name is taken is the user's choice."""
    asset()
    (home / "image-0b9e7f6a-1.png").write_bytes(b"mine")

    ran = piooy("download", TASK, "--on-exists", policy)

    assert (ran.code, ran.lines) == (code, lines)
    assert (home / "image-0b9e7f6a-1.png").read_bytes() == content
    assert left_behind(home) == []


@pytest.mark.parametrize(("policy", "code"), [("skip", 0), ("fail", 13)])
def test_a_name_that_is_taken_is_seen_before_the_transfer(piooy, asset, home, policy, code):
    """The file's host is not asked where the URL tells which name the file would have."""
    api = asset()
    (home / "image-0b9e7f6a-1.png").write_bytes(b"mine")

    assert piooy("download", TASK, "--on-exists", policy).code == code
    assert "/f.png" not in [request.path for request, _ in api.log]


@pytest.mark.parametrize(
    "make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/passwd", path)]
)
def test_overwrite_replaces_regular_files_only(piooy, asset, home, make):
    """A directory, a pipe and a link are refused."""
    asset()
    make(home / "image-0b9e7f6a-1.png")

    assert piooy("download", TASK, "--on-exists", "overwrite").code == 13


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("out/{id8}.{ext}", "out/0b9e7f6a.png"),
        ("{media}-{model}-{n}.{ext}", "image-m-1.png"),
        ("out", "out/image-0b9e7f6a-1.png"),
        ("out/", "out/image-0b9e7f6a-1.png"),
        ("{slug:.3}.{ext}", "ima.png"),
    ],
)
def test_output_is_a_directory_or_a_template(piooy, asset, template, path):
    """Fields in braces make it a template."""
    asset()

    assert piooy("download", TASK, "-o", template).lines == [path]


@pytest.mark.parametrize(
    "template",
    [
        "{prompt}",
        "{0}",
        "{}",
        "{0.__class__}",
        "{id.__class__}",
        "{id[0]}",
        "{id!r}",
        "{id8}/{n}.{ext}",
        "{",
        "{id:>9}",
        "{date:%s}",
    ],
)
def test_a_template_that_cannot_be_is_refused_before_any_request(piooy, api, template):
    """A fixed set of fields, no attributes, one directory level."""
    ran = piooy("download", TASK, "-o", template)

    assert (ran.code, api.log) == (2, [])


def test_stdout_takes_one_verified_asset(piooy, asset, home):
    """`-o -` writes its bytes and nothing else."""
    asset()

    ran = piooy("download", TASK, "-o", "-")

    assert (ran.code, ran.bytes, list(home.iterdir())) == (0, PNG, [])


def test_stdout_takes_no_two(piooy, api):
    """Two assets cannot be told apart in one stream."""
    expect_look(api, task("SUCCESS", {"results": [api.url_for("/1.png"), api.url_for("/2.png")]}))
    api.expect_request("/1.png").respond_with_data(PNG)
    api.expect_request("/2.png").respond_with_data(JPEG)

    ran = piooy("download", TASK, "-o", "-")

    assert (ran.code, ran.out) == (2, "")


def test_a_running_task_is_exit_3_and_names_wait(piooy, api):
    """There is nothing to save yet."""
    expect_look(api, task("PROCESSING"))

    ran = piooy("download", TASK)

    assert ran.code == 3
    assert f"piooy wait {TASK}" in ran.err


def test_wait_waits_first(piooy, api):
    """`--wait` turns that into patience."""
    expect_look(
        api,
        task("PENDING"),
        task("PROCESSING"),
        task("SUCCESS", {"results": [api.url_for("/f.png")]}),
    )
    api.expect_request("/f.png").respond_with_data(PNG)

    assert piooy("download", "--wait", TASK).code == 0


def test_a_failed_task_has_no_files(piooy, api):
    """Exit 5."""
    expect_look(api, task("FAILED"))

    assert piooy("download", TASK).code == 5


def test_persist_asks_the_service_to_store(piooy, asset):
    """`--persist` reads with refresh=assets."""
    api = asset()

    piooy("download", "--persist", TASK)

    assert api.log[0][0].query_string == b"refresh=assets"


def test_the_directory_that_cannot_be_written(piooy, asset, home):
    """Exit 13, the place named, and the way out."""
    asset()
    (home / "taken").write_text("")

    ran = piooy("download", TASK, "-o", "taken/deep")

    assert ran.code == 13
    assert "taken/deep" in ran.err


def test_a_full_disk_is_storage_and_leaves_nothing(piooy, api, home, monkeypatch):
    """What does not fit is not begun."""
    import shutil

    expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.png")]}))
    api.expect_request("/f.png").respond_with_data(PNG)
    usage = shutil.disk_usage(home)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))

    ran = piooy("download", TASK)

    assert (ran.code, list(home.iterdir())) == (13, [])
    assert "1,000 bytes are free" in ran.err


def test_one_of_two_assets_fails(piooy, api, home):
    """The other is saved and printed; exit 12 names the one."""
    expect_look(
        api, task("SUCCESS", {"results": [api.url_for("/gone.png"), api.url_for("/f.png")]})
    )
    api.expect_request("/gone.png").respond_with_data("", status=451)
    api.expect_request("/f.png").respond_with_data(PNG)

    ran = piooy("download", TASK)

    assert (ran.code, ran.lines) == (12, ["image-0b9e7f6a-2.png"])
    assert "asset 1" in ran.err


@pytest.mark.parametrize("target", ["http://user:pw@127.0.0.1:1/x.png", "https://user:pw@e.com/x"])
def test_a_redirect_with_a_password_is_not_followed(piooy, asset, target):
    """No Basic authorization, also not by a redirect."""
    asset(lambda request: Response("", 302, {"location": target}))

    assert piooy("download", TASK).code == 12


@pytest.mark.parametrize("status", [404, 429, 500])
def test_an_expired_address_that_cannot_be_renewed(piooy, api, status):
    """Exit 12 all the same: the task succeeded."""
    expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.png")]}), Response("", status))
    api.expect_request("/f.png").respond_with_data("", status=403)

    assert piooy("download", TASK).code == 12
