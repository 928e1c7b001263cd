"""Random result shapes and manifests: no input is saved, no row is sent that nobody meant."""

import csv
import io
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piooy_cli.api.results.finder import find_assets
from piooy_cli.batch.manifest_format import ManifestFormat, manifest_rows
from piooy_cli.batch.manifest_lines import RawRow

API = "https://piooy.com"
SOAK = int(os.environ.get("FUZZ", "50000"))
RESULT_KEYS = (
    "results", "resultUrls", "output", "images", "imageUrl", "image_url", "url", "videoUrl", "audio_url",
    "generated", "sample", "res_url", "downloadUrl", "file", "assets", "video", "temporary_image_urls",
)  # fmt: skip
INPUT_KEYS = (
    "image_input", "input", "inputs", "param", "paramJson", "options", "reference_image", "ref_url",
    "original_url", "originalImage", "source_url", "sourceImages", "init_image", "mask", "first_frame", "prompt",
    "start_image_url", "end_frame", "control_image", "image_tail",
)  # fmt: skip
UNKNOWN_KEYS = ("zebra", "blob42", "stripes", "n1", "wrapper", "job", "payload")
ENDINGS = ("png", "jpg", "webp", "mp4", "mp3")


class Planted:
    """A result made by a grammar, with what was planted in it."""

    def __init__(self):
        self.results, self.unknown, self.inputs = set(), set(), set()


def planted_url(kind, ending, n):
    """An address that tells what it is."""
    return f"https://{kind}.example.com/{n}.{ending}?sig=a%2Fb"


@st.composite
def shapes(draw):
    """Objects, lists, text in text; results, unknown keys and inputs side by side."""
    planted, count = Planted(), [0]

    def url(kind, into):
        count[0] += 1
        address = planted_url(kind, draw(st.sampled_from(ENDINGS)), count[0])
        into.add(address)
        return address

    def wrapped(value):
        times = draw(st.integers(0, 5))
        return (
            json.dumps(value)
            if times == 1
            else json.dumps(json.dumps(value))
            if times == 2
            else value
        )

    def leaf(kind, into):
        form = draw(st.integers(0, 3))
        if form == 0:
            return url(kind, into)
        if form == 1:
            return [url(kind, into) for _ in range(draw(st.integers(1, 3)))]
        return {"url": url(kind, into)} if form == 2 else [{"url": url(kind, into), "type": "x"}]

    def node(depth):
        made = {}
        for _ in range(draw(st.integers(1, 3))):
            choice = draw(st.integers(0, 3 if depth < 3 else 2))
            if choice == 0:
                made[draw(st.sampled_from(RESULT_KEYS))] = wrapped(leaf("out", planted.results))
            elif choice == 1:
                made[draw(st.sampled_from(INPUT_KEYS))] = wrapped(leaf("in", planted.inputs))
            elif choice == 2:
                made[draw(st.sampled_from(UNKNOWN_KEYS))] = wrapped(url("unknown", planted.unknown))
            else:
                made[draw(st.sampled_from(("data", "response", "result", "output")))] = wrapped(
                    node(depth + 1)
                )
        return made

    tree = node(0)
    text = json.dumps(tree)
    for kind in (planted.results, planted.unknown, planted.inputs):
        # A key that came twice holds only the last; JSON in JSON escapes nothing of an address.
        kind &= {one for one in kind if one in text}
    return draw(st.sampled_from(["image", "video", "music"])), wrapped(tree), planted


def check_shape(media, result, planted):
    """No input, no crash, and every planted result where its key tells."""
    assets = find_assets({"mediaType": media, "taskResult": result}, API)
    found = {one.url for one in assets}

    assert not found & planted.inputs
    assert len(found) == len(assets)
    if planted.results:
        assert planted.results <= found
    elif planted.unknown:  # nothing else is there: their endings tell
        assert planted.unknown <= found
        assert all(one.guessed_at for one in assets)


@settings(max_examples=150, deadline=None)
@given(shapes())
def test_results_are_found_and_inputs_never(shape):
    """Nested, encoded twice, in lists, mixed with inputs and keys that nobody knows."""
    check_shape(*shape)


@pytest.mark.soak
@settings(max_examples=SOAK, deadline=None)
@given(shapes())
def test_many_shapes(shape):
    """The same, for minutes."""
    check_shape(*shape)


WORDS = st.text(
    st.sampled_from("abcäß狐 -'!?.éя"), min_size=1, max_size=12
).filter(lambda text: text.strip() == text and text[0] not in "-'!?.")  # fmt: skip
ROWS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5)
TABLES = st.tuples(
    st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["t.csv", "t.tsv", "t.txt", "-"]),
)  # fmt: skip


def check_table(rows, how):
    """A row is what was meant, or the manifest is refused."""
    delimiter, end, blanks, quoting, encoding, name = how
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["prompt", "model"])
    for row in rows:
        writer.writerow(row)
        if blanks:
            writer.writerow(["", ""])
    try:
        data = written.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return

    read = list(manifest_rows([data[n : n + 7] for n in range(0, len(data), 7)], None, name))

    if encoding in ("utf-8", "utf-8-sig"):
        assert [(one.fields["prompt"], one.fields["model"]) for one in read] == rows
    elif not all(isinstance(one, RawRow) for one in read):
        return  # refused
    else:
        assert [one.fields.get("prompt") for one in read] == [row[0] for row in rows]


@settings(max_examples=150, deadline=None)
@given(ROWS, TABLES)
def test_tables_are_read_as_they_were_written(rows, how):
    """Separators, quotes, marks, line ends and encodings."""
    check_table(rows, how)


@pytest.mark.soak
@settings(max_examples=SOAK, deadline=None)
@given(ROWS, TABLES)
def test_many_tables(rows, how):
    """The same, for minutes."""
    check_table(rows, how)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)
def test_lines_are_prompts(lines, end, marked):
    """Whatever ends them; blank and invisible lines in between are none."""
    text = end.join(part for line in lines for part in (line, "", "\u200b", " \t"))
    data = text.encode("utf-8-sig" if marked else "utf-8")

    read = list(manifest_rows([data], ManifestFormat.LINES, "p.txt"))

    assert [one.fields["prompt"] for one in read] == lines
