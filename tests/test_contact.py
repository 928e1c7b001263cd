"""`piooy contact`: a message, counted before it is sent, and no key with it."""

import pytest

SEND = ("contact", "--email", "me@example.com")


def test_sends_the_message_without_the_key(piooy, api):
    """Exactly the contract's two fields, and no authorization."""
    api.expect_request("/api/v1/contact", method="POST").respond_with_json(
        {"code": 0, "message": "ok"}
    )

    ran = piooy(*SEND, "hello")

    (request, _), *_ = api.log
    assert (ran.code, ran.out) == (0, "")
    assert request.get_json() == {"email": "me@example.com", "content": "hello"}
    assert "Authorization" not in request.headers


def test_needs_no_key(piooy, api, monkeypatch):
    """Someone without one may have a question."""
    monkeypatch.delenv("PIOOY_API_KEY")
    api.expect_request("/api/v1/contact").respond_with_json({"code": 0})

    assert piooy(*SEND, "-", stdin="hello\n").code == 0


def test_the_message_may_come_from_a_file(piooy, api, home):
    """`--file`, and 5,000 characters of any script fit."""
    api.expect_request("/api/v1/contact").respond_with_json({"code": 0})
    (home / "m.txt").write_text("ä" * 5000)

    assert piooy(*SEND, "--file", "m.txt").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--email", "me@example.com", "x" * 5001], "5,001"),
        (["--email", "nobody", "hello"], "nobody"),
        (["--email", "a@b@c.d", "hello"], "a@b@c.d"),
        (["--email", "a@b", "hello"], "a@b"),
        (["hello"], "--email"),
        (["--email", "me@example.com", "  "], "empty"),
        (["--email", "me@example.com", "--file", "none.txt"], "none.txt"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_input_sends_nothing(piooy, api, arguments, told):
    """Exit 2 (14 for a missing file), and no request."""
    ran = piooy("contact", *arguments)

    assert (ran.code, api.log) == (14 if "none.txt" in told else 2, [])
    assert told in ran.err


@pytest.mark.parametrize(("status", "code"), [(400, 5), (429, 7), (500, 11)])
def test_refusals(piooy, api, status, code):
    """Refused, limited, or in doubt."""
    api.expect_request("/api/v1/contact").respond_with_json(
        {"code": -1, "message": "no"}, status=status
    )

    assert piooy(*SEND, "hello").code == code


def test_the_sandbox_takes_it(piooy, sandbox):
    """The same command against the sandbox."""
    assert piooy(*SEND, "hello").code == 0


@pytest.mark.parametrize("body", ["<html>login</html>", "", "[1]"])
def test_a_page_is_no_answer(piooy, api, body):
    """No one can say that the message arrived."""
    api.expect_request("/api/v1/contact").respond_with_data(body)

    assert piooy(*SEND, "hello").code == 11


PICTURE = ("generate", "image", "-m", "nano-banana-pro", "-r", "0.5K")
ABOUT = ("contact", "--email", "me@example.com", "--about")


def test_a_complaint_is_written_from_what_is_known(piooy, serve, home):
    """What was ordered, what came, the user's words; shown first, and sent with --yes."""
    import json
    import urllib.request

    url = serve("--faults", "asset-small@1")
    task_id = piooy(*PICTURE, "--json", "a fox").json[0]["id"]

    refused = piooy(*ABOUT, "@last", "please look")
    assert refused.code == 2 and "--yes" in refused.err
    sent = piooy(*ABOUT, task_id, "--yes", "please look")

    assert sent.code == 0
    with urllib.request.urlopen(f"{url}/messages") as response:
        (message,) = json.loads(response.read())["data"]
    for part in (
        task_id,
        "nano-banana-pro",
        "256 x 256; 0.5K was ordered",
        "Prompt: a fox",
        "please look",
    ):
        assert part in message["content"] and part in refused.err


def test_a_complaint_needs_no_words(piooy, sandbox):
    """And an unknown task is exit 14."""
    piooy("generate", "image", "-m", "nano-banana-pro", "--no-wait", "a fox")

    assert piooy(*ABOUT, "@last", "--yes").code == 0
    assert piooy(*ABOUT, "nosuchtask", "--yes").code == 14
