"""`piooy config`: show, change and check settings and the API key."""

import json
import os
import stat

import pytest
from processes import shell

from piooy_cli.config.settings import resolve_settings
from piooy_cli.config.urls import check_base_url


def config_file(home):
    """Where the settings are in these tests."""
    return home.parent / "config" / "config.toml"


def write(home, text):
    """A config file with this text."""
    config_file(home).parent.mkdir(exist_ok=True)
    config_file(home).write_text(text)


def test_set_get_list_unset(piooy):
    """A setting's whole life."""
    assert piooy("config", "set", "model.image", "nano-banana-pro").code == 0
    assert piooy("config", "get", "model.image").out == "nano-banana-pro\n"
    assert "model.image\tnano-banana-pro" in piooy("config", "list").out
    assert piooy("config", "unset", "model.image").code == 0
    assert piooy("config", "get", "model.image").code == 14


def test_comments_and_order_stay(piooy, home):
    """What the user wrote is kept, to the letter."""
    write(home, '# mine\nprovider = "evolink" # why\n\n[model]\nimage = "a"\n')

    piooy("config", "set", "model.video", "veo-3-1")

    assert (
        config_file(home).read_text()
        == '# mine\nprovider = "evolink" # why\n\n[model]\nimage = "a"\nvideo = "veo-3-1"\n'
    )


def test_the_file_is_private(piooy, home):
    """0600 in 0700, whatever the umask."""
    before = os.umask(0)
    try:
        piooy("config", "set", "output", "out")
    finally:
        os.umask(before)

    assert stat.S_IMODE(config_file(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(config_file(home).parent.stat().st_mode) == 0o700


def test_later_wins(piooy, home, monkeypatch):
    """Built-in, file, profile, environment, option; `list --show-origin` tells which."""
    write(home, 'output = "file"\n[profiles.work]\noutput = "profile"\nprovider = "pearktrue"\n')

    def output(*arguments):
        return piooy("config", "get", "output", *arguments).out.strip()

    assert output() == "file"
    assert output("--profile", "work") == "profile"
    monkeypatch.setenv("PIOOY_PROFILE", "work")
    assert output() == "profile"
    monkeypatch.setenv("PIOOY_OUTPUT", "variable")
    assert output() == "variable"
    listed = piooy("config", "list", "--show-origin").out
    assert "output\tvariable\tPIOOY_OUTPUT" in listed
    assert "provider\tpearktrue\tconfig.toml [profiles.work]" in listed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("output = ", "line 1"),
        ("output = 3", "output"),
        ('output = "a"\noutput = "b"', "line 2"),
        ("[model]\nimage = 3", "model"),
        ('[model]\npicture = "x"', "picture"),
        ('base_url = "http://example.com"', "not https"),
        ("profiles = 3", "profiles"),
        ("\0", "config.toml"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_broken_file_is_named(piooy, home, text, told):
    """Exit 2, with what is wrong."""
    write(home, text)

    ran = piooy("config", "list")

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_a_bom_and_crlf_are_read(piooy, home):
    """As Windows editors write."""
    config_file(home).parent.mkdir()
    config_file(home).write_bytes(b'\xef\xbb\xbfoutput = "x"\r\n')

    assert piooy("config", "get", "output").out == "x\n"


def test_an_unknown_key_is_a_warning(piooy, home):
    """It may be of a newer version."""
    write(home, 'colour = "blue"\n')

    ran = piooy("config", "list")

    assert ran.code == 0
    assert "'colour'" in ran.err


def test_a_warning_costs_no_result(piooy, home, sandbox):
    """It is reported on stderr, and the id is printed all the same."""
    write(home, 'colour = "blue"\n')

    ran = piooy("generate", "image", "-m", "m", "--no-wait", "x")

    assert len(ran.lines) == 1 and ran.err.count("'colour'") == 1


def test_an_unknown_profile_names_the_known(piooy, home):
    """A typo is no new profile."""
    write(home, '[profiles.work]\noutput = "x"\n')

    ran = piooy("config", "list", "--profile", "wrok")

    assert ran.code == 2
    assert "default, work" in ran.err


@pytest.mark.parametrize("key", ["nope", "model", "output.x", "model.picture", ""])
def test_unknown_keys_are_refused(piooy, home, key):
    """`set` names what is known, and writes nothing."""
    assert piooy("config", "set", key, "x").code == 2
    assert not config_file(home).exists()


def test_path_and_edit(piooy, home, monkeypatch):
    """`edit` opens the user's editor on the file that `path` names."""
    monkeypatch.setenv("EDITOR", "cp /dev/null")

    assert piooy("config", "path").out == f"{config_file(home)}\n"
    assert piooy("config", "edit").code == 0
    monkeypatch.setenv("EDITOR", "false")
    assert piooy("config", "edit").code == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com", "ftp://127.0.0.1", "https://user:pw@example.com", "https://example.com/?a=1", "https://",
        "https://example.com/../x", "https://example.com:99999", "nonsense", "", "http://127.0.0.1.example.com", "https://[::1",
    ],
)  # fmt: skip
def test_base_urls_that_a_key_must_not_go_to(piooy, url):
    """Https, or loopback; nothing hidden in it; exit 2 before anything is sent."""
    ran = piooy("task", "x", "--base-url", url)

    assert ran.code == 2
    assert "--base-url" in ran.err


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://piooy.com/", "https://piooy.com"),
        ("http://localhost:8787", "http://localhost:8787"),
        ("http://127.0.0.1:1/prefix/", "http://127.0.0.1:1/prefix"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("http://x.localhost", "http://x.localhost"),
    ],
)
def test_base_urls_that_are_fine(url, kept):
    """https anywhere, http on this machine."""
    assert check_base_url(url) == kept


def test_resolve_is_pure():
    """Four layers in, settings and origins out."""
    resolved = resolve_settings(
        {"base_url": "https://a.example"}, {"PIOOY_SANDBOX": "0", "PIOOY_X": "1"}, {}
    )

    assert resolved.settings.base_url == "https://a.example"
    assert resolved.origins["base_url"] == "--base-url"
    assert resolved.settings.sandbox is False


def test_set_key_from_stdin_to_file(piooy, home, api, monkeypatch):
    """The stored key is private, bound to this host, and used."""
    monkeypatch.delenv("PIOOY_API_KEY")
    api.expect_request("/api/v1/task/a").respond_with_json({}, status=404)

    stored = piooy("config", "set-key", "--store", "file", stdin="secret-key-0123456789\n")
    piooy("task", "a")
    elsewhere = piooy("task", "a", "--base-url", "http://127.0.0.1:9")

    file = home.parent / "config" / "keys.json"
    assert stored.code == 0
    assert "secret-key" not in stored.err + stored.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert api.log[0][0].headers["Authorization"] == "Bearer secret-key-0123456789"
    assert elsewhere.code == 4


def test_set_key_never_pretends(piooy):
    """A keyring that keeps nothing is exit 13, with the file as the way out."""
    ran = piooy("config", "set-key", stdin="secret-key-0123456789")

    assert ran.code == 13
    assert "--store file" in ran.err and "secret-key" not in ran.err


def test_a_key_is_never_an_argument(piooy):
    """There is no such option, and its value is not echoed."""
    ran = piooy("config", "set-key", "--api-key=secret-key-0123456789")

    assert ran.code == 2
    assert "secret-key" not in ran.err


def test_delete_key(piooy):
    """Once there is something to forget."""
    piooy("config", "set-key", "--store", "file", stdin="secret-key-0123456789")

    assert piooy("config", "delete-key").code == 0
    assert piooy("config", "delete-key").code == 14


def checks(ran):
    """What is reported of each thing, by its name."""
    return {record["what"]: record for record in ran.json}


def test_check_tells_key_keyring_and_service(piooy, sandbox):
    """Where the key is from, its last four characters, and whether the API takes it."""
    ran = piooy("config", "check")

    assert ran.code == 0
    assert "…cdef from PIOOY_API_KEY" in ran.out
    assert "responds and accepts the key" in ran.out
    assert "test-key" not in ran.out + ran.err


def test_check_without_a_key_is_exit_4(piooy, served, monkeypatch):
    """Everything is reported, then the first trouble decides."""
    monkeypatch.setenv("PIOOY_BASE_URL", served)

    ran = piooy("config", "check", "--json")

    found = checks(ran)
    assert ran.code == 4
    assert found["key"]["state"] == "error" and "config set-key" in found["key"]["remedy"]
    assert found["api"] == {"what": "api", "state": "warning", "found": "not checked without a key", "remedy": None}  # fmt: skip
    assert found["keyring"]["state"] == "ok"


def test_check_names_everything_that_can_be_wrong(piooy, sandbox):
    """A line for each."""
    assert list(checks(piooy("config", "check", "--json"))) == [
        "piooy", "config", "profile", "base_url", "key", "keyring", "proxy", "certificates",
        "ledger", "disk", "api",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "prepare", "state", "code", "told"),
    [
        ("api", lambda env, home: env("PIOOY_BASE_URL", "http://127.0.0.1:9"), "error", 10, "Connection refused"),
        ("certificates", lambda env, home: env("SSL_CERT_FILE", "/nowhere"), "error", 2, "/nowhere: it does not exist"),
        ("proxy", lambda env, home: env("HTTPS_PROXY", "http://me:secret@127.0.0.1:3128"), "ok", 0, "HTTPS_PROXY: http://127.0.0.1:3128"),
        ("proxy", lambda env, home: env("HTTPS_PROXY", "me:secret@proxy.example:3128"), "ok", 0, "http://proxy.example:3128"),
        ("proxy", lambda env, home: env("HTTPS_PROXY", "http://x:99999"), "error", 2, "HTTPS_PROXY"),
        ("certificates", lambda env, home: env("SSL_CERT_FILE", "/etc/passwd"), "error", 2, "it contains no certificates"),
        ("disk", lambda env, home: env("PIOOY_STATE_DIR", "/dev/null/x"), "error", 2, "cannot be written to"),
        ("config", lambda env, home: (home.parent / "config" / "config.toml").write_text("colour = 1\n"), "warning", 0, "line 1"),
        ("ledger", lambda env, home: (home.parent / "state" / "ledger.sqlite3").write_bytes(b"not one" * 999), "error", 13, "ledger"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_check_finds_what_is_wrong(
    piooy, sandbox, home, monkeypatch, what, prepare, state, code, told
):
    """The line says so, with a remedy; the exit code is that of the trouble; no password is reported."""
    for place in ("config", "state"):
        (home.parent / place).mkdir()
    prepare(monkeypatch.setenv, home)

    ran = piooy("config", "check", "--json")

    found = checks(ran)[what]
    assert (ran.code, found["state"]) == (code, state)
    assert told in found["found"] and (found["remedy"] or state == "ok")
    assert "secret" not in ran.out + ran.err


def test_check_warns_of_a_keyring_that_is_none(sandbox):
    """It is no error: the key may come from elsewhere."""
    ran = shell("piooy config check --json", PYTHON_KEYRING_BACKEND="no.such.Keyring")

    (keyring,) = [
        one for one in map(json.loads, ran.stdout.splitlines()) if one["what"] == "keyring"
    ]
    assert (ran.returncode, keyring["state"]) == (0, "warning")
    assert "--store file" in keyring["remedy"]


def test_list_as_json_has_every_setting(piooy):
    """One record each."""
    piooy("config", "set", "output", "out")

    assert {"key": "output", "value": "out", "origin": "config.toml"} in piooy(
        "config", "list", "--json"
    ).json


@pytest.mark.parametrize(
    ("key", "value"),
    [("options.image", "x"), ("models.foo", "x"), ("sandbox", "maybe"), ("profile", "nosuch"), ("model.image.x", "y"), ("provider", "a\udcff"), ("base_url", "http://e.com")],
)  # fmt: skip
def test_what_could_not_be_read_again_is_not_written(piooy, home, key, value):
    """Exit 2, and the file as it was."""
    piooy("config", "set", "model.image", "a")
    before = config_file(home).read_text()

    assert piooy("config", "set", key, value).code == 2
    assert config_file(home).read_text() == before


def test_options_keep_their_types(piooy):
    """Numbers, lists and true are TOML; anything else is text."""
    for name, value in (("seed", "5"), ("n", "true"), ("style", "noir"), ("duration", '"5"')):
        assert piooy("config", "set", f"options.image.{name}", value).code == 0

    (request,) = piooy("generate", "image", "-m", "m", "--dry-run", "x").json
    assert request["options"] == {"seed": 5, "n": True, "style": "noir", "duration": "5"}


def test_a_profile_is_made_by_its_first_setting_or_key(piooy, monkeypatch):
    """Option or variable name it."""
    assert piooy("--profile", "work", "config", "set", "provider", "pw").code == 0
    assert piooy("--profile", "work", "config", "get", "provider").out == "pw\n"
    assert piooy("config", "get", "provider").code == 14
    monkeypatch.setenv("PIOOY_PROFILE", "home")
    assert piooy("config", "set-key", "--store", "file", stdin="secret-key-0123456789").code == 0
    assert piooy("config", "delete-key").code == 0


def test_empty_variables_count_as_unset(piooy, monkeypatch):
    """As everywhere."""
    monkeypatch.setenv("PIOOY_PROFILE", "")
    monkeypatch.setenv("PIOOY_BASE_URL", "")

    assert piooy("config", "get", "base_url").out == "https://piooy.com\n"


@pytest.mark.parametrize("command", ["config", "sandbox"])
def test_a_group_alone_shows_its_commands(piooy, command):
    """On stdout, exit 0."""
    ran = piooy(command)

    assert (ran.code, ran.err) == (0, "")
    assert "Commands:" in ran.out


def test_check_goes_on_behind_a_config_file_that_is_none(piooy, sandbox, home):
    """Told once; what does not need it is checked all the same."""
    (home.parent / "config").mkdir()
    (home.parent / "config" / "config.toml").write_text("broken = ")
    ran = piooy("config", "check", "--json")

    assert ran.code == 2
    assert [name for name, one in checks(ran).items() if one["state"] == "error"] == ["config"]
    assert {"proxy", "certificates", "disk"} <= {*checks(ran)}


@pytest.mark.parametrize("words", [["sk-SECRET123456"], ["--store=sk-SECRET123456"]], ids=str)
def test_a_key_typed_by_mistake_is_in_no_trace(piooy, words):
    """Not even with --debug."""
    ran = piooy("config", "set-key", *words, "--debug")

    assert ran.code == 2 and "sk-SECRET" not in ran.out + ran.err
