"""`--json`, `--jq` and the schemas: what a program can rely on, over every command and failure."""

import json
import re
import subprocess
import sys
from importlib.resources import files

import jsonschema
import pytest
from servers import TASK, accepted, expect_look, expect_order, task

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.escaping import escaped_json
from piooy_cli.domain.records import RECORD_FIELDS

SCHEMAS = {
    name: json.loads(files("piooy_cli").joinpath("schemas", f"{name}.schema.json").read_text())
    for name in ("record", "error")
}
RECORD, ERROR = (jsonschema.Draft202012Validator(SCHEMAS[name]) for name in ("record", "error"))


def test_the_schemas_are_schemas():
    """By the part file that they name."""
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_name_of_an_exit_code_is_in_the_schema():
    """A new error class cannot be forgotten there."""
    names = SCHEMAS["error"]["properties"]["error"]["properties"]["code"]["enum"]

    assert {*names} == {kind.name for kind in (PiooyError, *PiooyError.__subclasses__())}


def test_the_fields_are_the_keys_of_the_record():
    """What `--fields` accepts is what the schema describes."""
    assert {*RECORD_FIELDS} == {*SCHEMAS["record"]["properties"]}


@pytest.fixture
def known(piooy, sandbox):
    """Two tasks, one of them saved."""
    assert piooy("generate", "image", "-m", "m", "a fox").code == 0
    assert piooy("generate", "video", "-m", "m", "--no-wait", "waves").code == 0


@pytest.mark.parametrize(
    "line",
    [
        "generate image -m m x",
        "generate image -m m -n 2 --no-download x",
        "generate music -m m --no-wait x",
        "task @last @2",
        "wait @last @2",
        "wait @last --download",
        "download @2 -o other/",
        "history",
        "history show @last",
        "history export",
    ],
)
def test_what_has_a_record_has_this_one(piooy, known, line):
    """One a line, valid, and nothing else on stdout."""
    ran = piooy(*line.split(), "--json")

    assert ran.code == 0 and ran.json
    for record in ran.json:
        RECORD.validate(record)


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("generate image -m m x --dry-run", {"mediaType", "scene", "provider", "model", "prompt"}),
        ("models nano-banana-pro", {"id", "media_type", "scenes", "provider", "options", "defaults", "typical_seconds", "learned"}),
        ("history stats", {"model", "scene", "size", "runs", "success_rate", "median_seconds", "p90_seconds"}),
        ("history show @last", {*RECORD_FIELDS} - {"ref"} | {"row", "state", "digest", "attempts", "decisions", "inputs"}),
        ("history check", set()),
        ("config list", {"key", "value", "origin"}),
        ("config get base_url", {"key", "value", "origin"}),
        ("config path", {"path"}),
        ("config check", {"what", "state", "found", "remedy"}),
        ("history", {*RECORD_FIELDS} - {"ref"}),
        ("task @2 --fields id,model", {"id", "model"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_keys_are_only_ever_added(piooy, known, line, keys):
    """The keys of every command's answer, as they are now."""
    for record in piooy(*line.split(), "--json").json:
        assert {*record} == keys


BAD = {
    "usage": ("wait --bad", None),
    "auth": (f"task {TASK}", (401, {"code": 401, "message": "no"})),
    "failed": (f"wait {TASK}", task("FAILED", errorMessage="too dark")),
    "partial": (f"wait {TASK} good0001", task("FAILED")),
    "limit": ("generate image -m m x", (402, {"code": 402, "message": "no credit"})),
    "pending": (f"task --exit-status {TASK}", task("PROCESSING")),
    "timeout": (f"wait --timeout 0.2s {TASK}", task("PROCESSING")),
    "network": (f"task {TASK} --base-url http://127.0.0.1:9", None),
    "unknown": ("generate image -m m x", (500, "gone")),
    "download": (f"download {TASK}", task(result={"url": "http://127.0.0.1:9/x.png"})),
    "storage": (f"download {TASK} -o /proc/x/", task(result={"url": "http://127.0.0.1:9/x.png"})),
    "not-found": (f"task {TASK}", (404, {"code": 404, "message": "no such task"})),
}


@pytest.mark.parametrize("name", BAD)
def test_every_failure_is_an_object_on_the_last_line(piooy, api, name):
    """With the code's name and number; stdout holds results only."""
    line, answer = BAD[name]
    if isinstance(answer, tuple):
        status, body = answer
        text = body if isinstance(body, str) else json.dumps(body)
        api.expect_request(re.compile("/api/v1/.*")).respond_with_data(text, status=status)
    elif answer:
        expect_look(api, answer)
        good = task(result={"url": "http://127.0.0.1:9/x.png"}, id="good0001")
        expect_look(api, good, task_id="good0001")
    ran = piooy(*line.split(), "--json")

    ERROR.validate(json.loads(ran.err.splitlines()[-1]))
    assert ran.error["exit"] == ran.code
    assert ran.error["code"] == name
    for record in ran.json:
        RECORD.validate(record)


def test_an_order_without_a_task_has_a_reference(piooy, api):
    """UNKNOWN and REFUSED are in the history, with `ref` instead of an id."""
    expect_order(api, None, response_data="gone", status=500)
    piooy("generate", "image", "-m", "m", "x")
    (record,) = piooy("history", "--json").json

    RECORD.validate(record)
    assert (record["id"], record["status"], record["ref"]) == (None, "UNKNOWN", "@row:1")


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        (".status", ["SUCCESS"]),
        (".id, .model", [TASK, "m"]),
        ("{a: .media_type}", ['{"a":"image"}']),
        (".assets[].n", ["1"]),
        ("empty", []),
        ('.prompt | ascii_upcase + "\\n2"', ["ÜBER", "2"]),
    ],
)
def test_jq(piooy, api, expression, lines):
    """Applied to each record; text comes out as it is, all else as JSON."""
    expect_look(api, task(result={"url": "http://127.0.0.1:9/x.png"}, prompt="über"))
    ran = piooy("task", TASK, "--jq", expression)

    assert ran.code == 0
    assert [line.replace("ü", "Ü") for line in ran.lines] == lines


def test_a_bad_expression_costs_nothing(piooy, api):
    """It is reported before anything is sent."""
    ran = piooy("generate", "image", "-m", "m", "x", "--jq", ".[")

    assert (ran.code, ran.error["code"], len(api.log)) == (2, "usage", 0)


def test_an_expression_that_fails_later_loses_no_task(piooy, api):
    """The id is in the message; the history has it."""
    expect_order(api, accepted())
    ran = piooy("generate", "image", "-m", "m", "--no-wait", "x", "--jq", ".id.x")

    assert ran.code == 1 and "Cannot index" in ran.error["message"]
    assert ran.error["task_id"] == TASK
    assert piooy("history", "--jq", ".id").lines == [TASK]


def test_without_the_package_it_is_one_clear_line(home):
    """How to get it, and what works without it."""
    code = "import sys; sys.modules['jq'] = None; from piooy_cli.__main__ import main; sys.exit(main(['history', '--jq', '.id']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 2 and "piooy[jq]" in ran.stderr and len(ran.stderr.splitlines()) == 1


def test_jq_works_on_an_export_too(piooy, known):
    """Every record goes through it."""
    assert (
        piooy("history", "export", "--jq", ".id").lines
        == piooy("history", "--jq", ".id").lines[::-1]
    )


def test_jq_cannot_tell_the_key(piooy, sandbox, known):
    """Its `env` holds the environment, and the key is hidden in all output."""
    assert piooy("history", "--jq", "env.PIOOY_API_KEY").lines == ["***", "***"]


def test_json_on_a_terminal_is_harmless_and_the_same_value():
    """What could move a cursor comes as an escape of JSON."""
    text = json.dumps({"a": "x\x9b31m\u202e\U000e0041 ü"}, ensure_ascii=False)
    safe = escaped_json(text)

    assert json.loads(safe) == json.loads(text)
    assert "\x9b" not in safe and "\u202e" not in safe and "ü" in safe
