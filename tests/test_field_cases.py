"""Cases that people reported about other tools of this kind, each tried on piooy."""

import json

import pytest
from servers import TASK, expect_look, task

GENERATE = ("generate", "image", "-m", "m")


def rows_of(piooy, home, name, content):
    """What a manifest would send, and the exit code with what was said."""
    data = content if isinstance(content, bytes) else content.encode()
    (home / name).write_bytes(data)
    ran = piooy("batch", name, "-m", "mm", "--media", "image", "--dry-run")
    rows = [json.loads(line) for line in ran.lines]
    return [(row["prompt"], row["model"]) for row in rows], ran


FOXES = [("a red fox", "m"), ("a blue fox", "m")]
PLAIN = [("a red fox", "mm"), ("a blue fox", "mm")]


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("tab.tsv", "prompt\tmodel\na red fox\tm\na blue fox\tm\n", FOXES),
        ("tab.txt", "prompt\tmodel\na red fox\tm\na blue fox\tm\n", FOXES),
        ("pasted", "prompt\tmodel\r\na red fox\tm\r\na blue fox\tm\r\n", FOXES),
        ("semi.csv", "prompt;model\na red fox;m\na blue fox;m\n", FOXES),
        ("quoted.csv", '"prompt";"model"\n"a red fox";"m"\n"a blue fox";"m"\n', FOXES),
        ("sep.csv", "sep=;\nprompt;model\na red fox;m\na blue fox;m\n", FOXES),
        ("cr.csv", "prompt,model\ra red fox,m\ra blue fox,m\r", FOXES),
        ("cr.txt", "a red fox\ra blue fox\r", PLAIN),
        ("mixed.txt", "a red fox\ra blue fox\n", PLAIN),
        ("one.txt", "prompt\na red fox\na blue fox\n", PLAIN),
        ("spaces.csv", "prompt , model\na red fox, m\n a blue fox ,m \n", FOXES),
        ("zwsp.txt", "a red fox\n\u200b\n\ufeff\n\u00a0\n \t\n\u2800\n\u3164\na blue fox\n", PLAIN),
        ("midbom.txt", "\ufeffa red fox\n\ufeffa blue fox\n", PLAIN),
        ("midbom.jsonl", '\ufeff{"prompt":"a red fox"}\n\ufeff{"prompt":"a blue fox"}\n', PLAIN),
        ("hash.txt", "# one\na red fox\n#ffcc00\na blue fox\n", PLAIN),
        ("brackets.txt", "[cinematic] a red fox\na blue fox\n", [("[cinematic] a red fox", "mm"), PLAIN[1]]),
        ("commas.txt", "a red fox, a den, snow\na blue fox; running\n", [("a red fox, a den, snow", "mm"), ("a blue fox; running", "mm")]),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)  # fmt: skip
def test_a_manifest_is_read_as_it_was_meant(piooy, home, name, content, rows):
    """Separators, line ends, marks and blanks: the right rows, and none that nobody meant."""
    found, ran = rows_of(piooy, home, name, content)

    assert (found, ran.code) == (rows, 0), ran.err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("again.csv", "prompt,model\na,m\nprompt,model\nb,m\n", "line 3: repeats the header"),
        ("sheet.xlsx", b"PK\x03\x04rest", "is a spreadsheet"),
        ("sheet.csv", b"PK\x03\x04rest", "is a spreadsheet"),
        ("old.csv", b"\xd0\xcf\x11\xe0rest", "is a spreadsheet"),
        ("cp1252.csv", "prompt\ncaf\xe9\n".encode("cp1252"), "save the manifest as UTF-8"),
        ("pretty.jsonl", '{\n  "prompt": "x"\n}\n', "`jq -c .`"),
        ("wide.csv", "prompt;model,media\na;m,image\n", "unknown column"),
        ("ghost.csv", "prompt,model\n\u200b,m\n", "the prompt is empty"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(piooy, api, home, name, content, reason):
    """Exit 2 with the cure, and nothing is sent."""
    rows, ran = rows_of(piooy, home, name, content)

    assert (rows, ran.code, api.log) == ([], 2, [])
    assert reason in ran.err


@pytest.mark.parametrize("separator", [",", ", ", ";", "; ", " ", "\n"])
def test_several_addresses_in_a_cell_are_several(piooy, home, separator):
    """In a table and in JSON; the address itself never ends in the separator."""
    urls = ["https://e.com/a.png?x=1,2", "https://e.com/b;c.png"]
    (home / "a.csv").write_text(f'prompt,images\nx,"{separator.join(urls)}"\n')
    (home / "a.jsonl").write_text(
        json.dumps({"prompt": "x", "images": separator.join(urls)}) + "\n"
    )
    for name in ("a.csv", "a.jsonl"):
        ran = piooy("batch", name, "-m", "m", "--media", "image", "--dry-run")
        assert json.loads(ran.lines[0])["options"]["image_input"] == urls


def test_several_addresses_in_one_option_are_refused(piooy, api):
    """Exit 2: each has an option of its own."""
    ran = piooy(*GENERATE, "-i", "https://e.com/a.png,https://e.com/b.png", "x")

    assert (ran.code, api.log) == (2, []) and "several URLs" in ran.err


@pytest.mark.parametrize("prompt", ["\u200b", "\ufeff", "\u2800 \u3164", "\u00ad"])
def test_a_prompt_that_nobody_can_see_is_empty(piooy, api, prompt):
    """Exit 2, in `generate` too."""
    assert (piooy(*GENERATE, prompt).code, api.log) == (2, [])


def test_a_byte_order_mark_is_never_part_of_a_text(piooy, home):
    """Files, stdin and lyrics; a UTF-16 file is named as one."""
    (home / "p.txt").write_bytes(b"\xef\xbb\xbfa fox\r\n")
    (home / "w.txt").write_bytes("a fox".encode("utf-16"))

    assert piooy(*GENERATE, "--dry-run", "-f", "p.txt").json[0]["prompt"] == "a fox"
    assert piooy(*GENERATE, "--dry-run", stdin=b"\xef\xbb\xbfa fox\n").json[0]["prompt"] == "a fox"
    music = piooy("generate", "music", "-m", "s", "--lyrics-file", "p.txt", "--dry-run", "x")
    assert music.json[0]["options"]["lyrics"] == "a fox"
    assert "is UTF-16" in piooy(*GENERATE, "-f", "w.txt").err


def test_ids_from_powershell_begin_with_a_mark(piooy, api):
    """It is not part of the first id."""
    expect_look(api, task(result={"results": ["https://e.com/a"]}))

    assert piooy("wait", stdin=b"\xef\xbb\xbf" + TASK.encode() + b"\r\n").lines == [TASK]
