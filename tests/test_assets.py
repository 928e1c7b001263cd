"""Finding the files of a task in whatever shape its result has, and never an input."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piooy_cli.api.results.finder import find_assets
from piooy_cli.api.results.urls import urls_in
from piooy_cli.domain.models import Kind, Role

API = "https://piooy.com"
CDN = "https://cdn.example.com"


def found(result, media="image", **beside):
    """Assets of a result, as short tuples: address, kind, role."""
    data = {"mediaType": media, "taskResult": result} | beside
    return [
        (a.url.removeprefix(CDN + "/"), str(a.kind), str(a.role)) for a in find_assets(data, API)
    ]


IMAGE = lambda name: (name, "image", "result")  # noqa: E731 - a word for a table
VIDEO = lambda name: (name, "video", "result")  # noqa: E731
AUDIO = lambda name: (name, "audio", "result")  # noqa: E731
COVER = lambda name: (name, "image", "cover")  # noqa: E731

SHAPES = {
    "1 normalised images": (
        "image",
        {"images": [{"id": "", "createTime": "2026-01-05T10:00:00.000Z", "imageType": "image/png", "imageUrl": f"{CDN}/6f.png"}, {"id": "", "imageUrl": f"{CDN}/77.png"}], "status": "completed", "errorCode": ""},
        [IMAGE("6f.png"), IMAGE("77.png")],
    ),
    "2 normalised video": (
        "video",
        {"videos": [{"id": "t-1-0", "videoUrl": f"{CDN}/0.mp4", "thumbnailUrl": f"{CDN}/0.jpg", "duration": 5, "storageKey": "videos/0.mp4", "posterKey": "posters/0.jpg"}]},
        [VIDEO("0.mp4"), COVER("0.jpg")],
    ),
    "3 normalised songs": (
        "music",
        {"songs": [{"id": "a1", "audioUrl": f"{CDN}/1.mp3", "imageUrl": f"{CDN}/1.png", "prompt": f"[Verse] {CDN}/not-this.png", "model": "chirp-v5"}, {"id": "a2", "audioUrl": f"{CDN}/2.mp3", "imageUrl": ""}]},
        [AUDIO("1.mp3"), AUDIO("2.mp3"), COVER("1.png")],
    ),
    "4 EvoLink image": (
        "image",
        {"created": 1756817821, "id": "task-unified-1", "object": "image.generation.task", "progress": 100, "results": [f"{CDN}/a.png?sig=x%2Fy&exp=1", f"{CDN}/b.png"], "task_info": {"can_cancel": False}, "type": "image"},
        [IMAGE("a.png?sig=x%2Fy&exp=1"), IMAGE("b.png")],
    ),
    "5 EvoLink video": (
        "video",
        {"results": [f"{CDN}/v.mp4"], "type": "video", "task_info": {"video_duration": 8}, "usage": {"billing_rule": "per_second", "url": f"{CDN}/bill.png"}},
        [VIDEO("v.mp4")],
    ),
    "6 EvoLink music": (
        "music",
        {"results": [f"{CDN}/1.mp3", f"{CDN}/2.mp3"], "result_data": [{"title": "S", "audio_url": f"{CDN}/1.mp3", "image_url": f"{CDN}/1.jpeg"}, {"audio_url": f"{CDN}/2.mp3", "stream_audio_url": "https://stream.example.com/2", "image_url": f"{CDN}/2.jpeg"}]},
        [AUDIO("1.mp3"), AUDIO("2.mp3"), COVER("1.jpeg"), ("https://stream.example.com/2", "audio", "cover"), COVER("2.jpeg")],
    ),
    "7 EvoLink character": (
        "character",
        {"object": "video.generation.task", "type": "video", "result_data": {"character_name": "chr_A#", "profile_picture_url": f"{CDN}/p.jpg"}},
        [COVER("p.jpg")],
    ),
    "9 draft items": (
        "video",
        {"type": "video", "result_data": [{"video_url": f"{CDN}/v1.mp4", "image_url": f"{CDN}/c1.png", "seed": 42}], "draft_expires_at": 1790000000},
        [VIDEO("v1.mp4"), COVER("c1.png")],
    ),
    "10 kie job": (
        "image",
        {"taskId": "t", "state": "success", "param": json.dumps({"callBackUrl": "https://piooy.example/api/ai/notify/kie", "input": {"image_input": [f"{CDN}/ref.png"]}}), "resultJson": json.dumps({"resultUrls": [f"{CDN}/out.jpg"]}), "failMsg": ""},
        [IMAGE("out.jpg")],
    ),
    "11 kie music": (
        "music",
        {"taskId": "5c", "param": '{"prompt":"calm"}', "response": {"sunoData": [{"audioUrl": f"{CDN}/1.mp3", "streamAudioUrl": f"{CDN}/1", "imageUrl": f"{CDN}/1.jpeg"}]}, "status": "SUCCESS"},
        [AUDIO("1.mp3"), ("1", "audio", "cover"), COVER("1.jpeg")],
    ),
    "kie veo": (
        "video",
        {"taskId": "v", "paramJson": json.dumps({"imageUrls": [f"{CDN}/ref.png"]}), "response": {"resultUrls": [f"{CDN}/v.mp4"], "originUrls": [f"{CDN}/o.mp4"]}, "successFlag": 1},
        [VIDEO("v.mp4"), ("o.mp4", "video", "cover")],
    ),
    "kie veo, list in a string": ("video", {"info": {"resultUrls": json.dumps([f"{CDN}/v.mp4"])}}, [VIDEO("v.mp4")]),
    "13 replicate list": (
        "image",
        {"id": "v", "input": {"image_input": [f"{CDN}/ref.png"]}, "logs": f"see {CDN}/log", "output": [f"{CDN}/out.png"], "error": None, "urls": {"get": "https://api.replicate.com/v1/predictions/v", "cancel": "https://api.replicate.com/v1/predictions/v/cancel"}},
        [IMAGE("out.png")],
    ),
    "13 replicate string": ("video", {"status": "succeeded", "output": f"{CDN}/out.mp4"}, [VIDEO("out.mp4")]),
    "13 replicate file": ("image", {"output": [{"file": f"{CDN}/out.png"}]}, [IMAGE("out.png")]),
    "14 fal images": ("image", {"images": [{"url": f"{CDN}/a.png", "content_type": "image/png", "file_name": "a.png"}], "seed": 7, "has_nsfw_concepts": [False], "prompt": "x"}, [IMAGE("a.png")]),
    "14 fal video": ("video", {"video": {"url": f"{CDN}/v.mp4", "content_type": "video/mp4"}}, [VIDEO("v.mp4")]),
    "15 fal queue": ("image", {"status": "IN_QUEUE", "request_id": "r", "response_url": "https://queue.fal.run/x/requests/r1", "status_url": "https://queue.fal.run/x/s", "cancel_url": "https://queue.fal.run/x/c"}, []),
    "17 OpenAI": ("image", {"created": 1, "data": [{"url": f"{CDN}/1.png", "revised_prompt": f"a dog {CDN}/no.png"}, {"b64_json": "iVBORw0KGgoAAAANSUhEUg=="}]}, [IMAGE("1.png"), ("data:application/octet-stream;base64,iVBORw0KGgoAAAANSUhEUg==", "image", "result")]),
    "22 failure": ("image", {"status": "failed", "error": {"code": "content_policy_violation", "message": f"see {CDN}/policy.png"}}, []),
    "24 submit echo": ("image", {"id": "task-unified-1", "status": "pending", "task_info": {"estimated_time": 45}, "usage": {"credits_reserved": 1.6}}, []),
    "25 character": ("character", {"id": "ch_1", "username": "h.m", "permalink": "https://sora.example.com/profile/x", "profile_picture_url": f"{CDN}/raw?se=2026&sig=a%3D"}, [COVER("raw?se=2026&sig=a%3D")]),
    "25 handle only": ("character", [{"id": "char_e9bd70", "name": "Joe"}], []),
    "26 url": ("image", {"url": f"{CDN}/a"}, [IMAGE("a")]),
    "26 imageUrl": ("image", {"imageUrl": f"{CDN}/a.png"}, [IMAGE("a.png")]),
    "26 videoUrl": ("video", {"videoUrl": f"{CDN}/a"}, [VIDEO("a")]),
    "26 audioUrl": ("music", {"audioUrl": f"{CDN}/a"}, [AUDIO("a")]),
    "26 image_url": ("image", {"image_url": f"{CDN}/a"}, [IMAGE("a")]),
    "26 assets": ("image", {"assets": [{"type": "image", "url": f"{CDN}/a"}]}, [IMAGE("a")]),
    "26 outputs": ("image", {"outputs": [f"{CDN}/a.webp"]}, [IMAGE("a.webp")]),
    "26 urls as a list": ("image", {"urls": [f"{CDN}/a.png"]}, [IMAGE("a.png")]),
    "26 bare string": ("image", f"{CDN}/a.png", [IMAGE("a.png")]),
    "26 bare list": ("image", [f"{CDN}/a.png", f"{CDN}/b.png"], [IMAGE("a.png"), IMAGE("b.png")]),
    "26 data URI": ("image", "data:image/png;base64,iVBORw0KGgo=", [("data:image/png;base64,iVBORw0KGgo=", "image", "result")]),
    "Gemini inline": ("image", {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgoAAAANSUhEUg=="}}]}}]}, [("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==", "image", "result")]),
    "relative on our own host": ("image", {"results": ["/files/a.png", "/api/v1/task/x.png"]}, [("https://piooy.com/files/a.png", "image", "result")]),
    "API addresses": ("image", {"url": "https://piooy.com/api/v1/task/1", "results": ["https://api.example.com/v1/jobs/1", "https://queue.example.com/r"]}, []),
    "kie callback with a source beside each": ("music", {"data": [{"audio_url": f"{CDN}/x.mp3", "source_audio_url": f"{CDN}/x.mp3", "stream_audio_url": f"{CDN}/s", "source_image_url": f"{CDN}/c.jpg", "image_url": f"{CDN}/c.jpg"}]}, [AUDIO("x.mp3"), ("s", "audio", "cover"), COVER("c.jpg")]),
    "kie Runway": ("video", {"generateParam": {"imageUrl": f"{CDN}/in.png"}, "videoInfo": {"videoUrl": f"{CDN}/v.mp4", "imageUrl": f"{CDN}/c.png"}}, [VIDEO("v.mp4"), COVER("c.png")]),
    "kie Flux": ("image", {"response": {"originImageUrl": f"{CDN}/in.png", "resultImageUrl": f"{CDN}/u.png"}}, [IMAGE("u.png")]),
    "kie Aleph": ("video", {"response": {"resultVideoUrl": f"{CDN}/v.mp4", "resultImageUrl": f"{CDN}/c.png"}}, [VIDEO("v.mp4"), COVER("c.png")]),
    "kie Veo callback, a list without quotes": ("video", {"info": {"resultUrls": f"[{CDN}/v.mp4,{CDN}/w.mp4]", "originUrls": f"[{CDN}/o.mp4]"}}, [VIDEO("v.mp4"), VIDEO("w.mp4"), ("o.mp4", "video", "cover")]),
    "Luma": ("video", {"request": {"keyframes": {"frame0": {"url": f"{CDN}/in.png"}}}, "assets": {"video": f"{CDN}/v.mp4", "image": f"{CDN}/c.jpg"}}, [VIDEO("v.mp4"), COVER("c.jpg")]),
    "Kling": ("video", {"task_info": {"parent_video": {"url": f"{CDN}/in.mp4"}}, "task_result": {"videos": [{"url": f"{CDN}/v.mp4"}]}}, [VIDEO("v.mp4")]),
    "Minimax": ("image", {"data": {"image_urls": [f"{CDN}/a.png"]}}, [IMAGE("a.png")]),
    "EvoLink's echo of its input": ("image", {"image_urls": [f"{CDN}/in.png"], "results": [f"{CDN}/a.png"]}, [IMAGE("a.png")]),
    "ModelScope": ("image", {"output_images": [f"{CDN}/a.png"]}, [IMAGE("a.png")]),
    "Vertex": ("image", {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": "iVBORw0KGgoAAAANSUhEUg=="}]}, [("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==", "image", "result")]),
    "a cover beside a neutral key": ("video", {"results": [{"url": f"{CDN}/v.mp4", "imageUrl": f"{CDN}/c.png"}]}, [VIDEO("v.mp4"), COVER("c.png")]),
    "a cover beside a type": ("video", {"assets": [{"type": "video", "url": f"{CDN}/v", "image_url": f"{CDN}/c"}]}, [VIDEO("v"), COVER("c")]),
    "an input picture beside a video": ("video", {"video_url": f"{CDN}/v.mp4", "end_image_url": f"{CDN}/in.png", "image_tail": f"{CDN}/in2.png"}, [VIDEO("v.mp4")]),
    "pictures beside videos are results": ("image", {"images": [f"{CDN}/a.png"], "videos": [f"{CDN}/v.mp4"]}, [IMAGE("a.png"), VIDEO("v.mp4")]),
    "no video after all": ("image", {"audio": True, "videos": [{"videoUrl": ""}], "image": f"{CDN}/a.png"}, [IMAGE("a.png")]),
    "cover and result are the same": ("image", {"thumbnailUrl": f"{CDN}/a.png", "url": f"{CDN}/a.png"}, [IMAGE("a.png")]),
    "NaN beside it": ("image", '{"score": NaN, "results": ["https://cdn.example.com/a.png"]}', [IMAGE("a.png")]),
    "no data URI": ("image", {"result": "data: hello, world", "url": "data:,"}, []),
    "a surrogate in it": ("image", {"url": "https://cdn.example.com/\udcff.png"}, []),
    "API addresses in disguise": ("image", {"url": "https://www.piooy.com/api/v1/x", "src": "https://piooy.com:443/api/v1/y.png", "uri": "https://api.x.com/v1/tasks/task.123"}, []),
    "files on an API's host": ("image", {"results": ["https://api.together.ai/shrt/abc", "https://piooy.com/api/storage/x.png"]}, [("https://api.together.ai/shrt/abc", "image", "result"), ("https://piooy.com/api/storage/x.png", "image", "result")]),
    "no addresses": ("image", {"results": ["a.png", "", None, 7, True, {"x": 1}], "url": "ftp://e.com/a", "src": "javascript:alert(1)"}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    "wrap",
    [lambda v: v, json.dumps, lambda v: json.dumps(json.dumps(v))],
    ids=["object", "string", "twice"],
)
def test_shapes(name, wrap):
    """Each shape that a provider is known to return, as an object, as a string, encoded twice."""
    media, result, wanted = SHAPES[name]

    assert found(wrap(result), media) == wanted


def test_assets_are_numbered_results_first():
    """A cover between two songs does not come between their numbers."""
    assets = find_assets({"mediaType": "music", "taskResult": SHAPES["3 normalised songs"][1]}, API)

    assert [(a.n, a.role) for a in assets] == [(1, Role.RESULT), (2, Role.RESULT), (3, Role.COVER)]


@pytest.mark.parametrize("place", ["taskInfo", "resultAssets"])
def test_the_stored_copy_is_preferred(place):
    """Same kind, same index: the stored address replaces the one that expires."""
    upstream = {"results": ["https://up.example.com/1?exp=1", "https://up.example.com/2?exp=1"]}
    stored = {"images": [{"imageUrl": f"{CDN}/1.png"}, {"imageUrl": f"{CDN}/2.png"}]}

    assert found(upstream, **{place: json.dumps(stored)}) == [IMAGE("1.png"), IMAGE("2.png")]


def test_a_stored_copy_that_is_known_replaces_nothing():
    """[A, B] and a stored [B] are A and B."""
    a, b = f"{CDN}/a.png", f"{CDN}/b.png"

    assert found({"results": [a, b]}, taskInfo={"images": [{"imageUrl": b}]}) == [
        IMAGE("a.png"),
        IMAGE("b.png"),
    ]


@pytest.mark.parametrize(
    ("given", "echo"),
    [
        ("/uploads/a.png", "https://piooy.com/uploads/a.png"),
        ("https://e.com/ä.png", "https://e.com/%C3%A4.png"),
        ("https://e.com/a.png,https://e.com/b.png", "https://e.com/b.png"),
        ("![a](https://e.com/a.png)![b](https://e.com/b.png)", "https://e.com/a.png"),
        ("https://e.com/a.png，生成", "https://e.com/a.png"),
        ("see https://e.com/a.png.", "https://e.com/a.png"),
    ],
)  # fmt: skip
def test_an_input_is_known_in_every_spelling(given, echo):
    """Relative, encoded, in a list, in prose."""
    assert found({"prompt": given, "images": [echo]}) == []
    assert find_assets({"taskResult": {"images": [echo]}}, API, urls_in(given)) == ()


def test_what_is_only_beside_is_found():
    """`taskInfo` alone is enough."""
    assert found(None, taskInfo={"images": [{"imageUrl": f"{CDN}/1.png"}]}) == [IMAGE("1.png")]


def test_an_input_is_no_asset_wherever_it_is_repeated():
    """What was sent comes back in many places."""
    ref = f"{CDN}/ref.png"
    result = {"results": [ref, f"{CDN}/out.png"], "image": ref, "options": {"image_input": [ref]}}

    assert found(result) == [IMAGE("out.png")]
    assert found({"results": [ref]}) == [IMAGE("ref.png")]
    assert find_assets({"taskResult": {"results": [ref]}}, API, [ref]) == ()


ADDRESS = st.builds(
    lambda n, ext: f"https://in.example.com/{n}.{ext}?sig=a%2Fb",
    st.integers(0, 99),
    st.sampled_from(["png", "mp4", "mp3"]),
)
OUTPUT = st.builds(lambda n: f"{CDN}/{n}.png", st.integers(0, 99))
KEYS = st.sampled_from(
    [
        "results",
        "output",
        "images",
        "url",
        "imageUrl",
        "video",
        "data",
        "assets",
        "input",
        "param",
        "options",
        "image_input",
        "x",
        "urls",
        "result_data",
    ]
)


def trees(leaves):
    """JSON-like values that hold these leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    )


@settings(max_examples=300, deadline=None)
@given(
    inputs=st.lists(ADDRESS, min_size=1, max_size=4),
    where=st.sampled_from(["input", "param", "params", "paramJson", "options", "prompt"]),
    encoded=st.booleans(),
    data=st.data(),
)
def test_no_input_ever_comes_out(inputs, where, encoded, data):
    """Whatever the shape, and wherever else an input is repeated: it is never an asset."""
    echo = (
        " and ".join(inputs)
        if where == "prompt"
        else {"image_input": inputs, "deep": [{"url": inputs[0]}]}
    )
    tree = data.draw(trees(st.sampled_from(inputs) | OUTPUT | st.none() | st.integers()))
    result = {"anything": tree, where: json.dumps(echo) if encoded and where != "prompt" else echo}

    assert not {a.url for a in find_assets({"taskResult": result}, API)} & set(inputs)


@settings(max_examples=300, deadline=None)
@given(
    tree=trees(ADDRESS | OUTPUT | st.text() | st.none() | st.floats(allow_nan=False)),
    inputs=st.lists(ADDRESS, max_size=4),
)
def test_known_inputs_never_come_out_and_nothing_crashes(tree, inputs):
    """What the order carried is no asset, even where the answer does not say that it was an input."""
    assets = find_assets(
        {"mediaType": "image", "taskResult": tree, "taskInfo": json.dumps(tree)}, API, inputs
    )

    assert not {a.url for a in assets} & set(inputs)
    assert [a.n for a in assets] == list(range(1, len(assets) + 1))
    assert len({a.url for a in assets}) == len(assets)


def test_deep_nesting_is_bounded():
    """A hostile depth costs nothing."""
    tree = deep = {}
    for _ in range(500):
        deep["output"] = {}
        deep = deep["output"]
    deep["url"] = f"{CDN}/a.png"

    assert found(tree) == []


def test_kinds_come_from_key_then_type_then_address_then_task():
    """Return the kind: the nearest key decides; the extension is only a hint."""
    assert find_assets({"taskResult": {"videoUrl": f"{CDN}/a.png"}}, API)[0].kind is Kind.VIDEO
    assert (
        find_assets({"taskResult": {"url": f"{CDN}/a", "type": "audio/mpeg"}}, API)[0].kind
        is Kind.AUDIO
    )
    assert find_assets({"taskResult": {"url": f"{CDN}/a.webm"}}, API)[0].kind is Kind.VIDEO
    assert (
        find_assets({"taskResult": {"url": f"{CDN}/a"}, "mediaType": "music"}, API)[0].kind
        is Kind.AUDIO
    )
    assert find_assets({"taskResult": {"url": f"{CDN}/a"}}, API)[0].kind is Kind.OTHER


FIELD_SHAPES = {
    "only a watermarked copy": ("video", {"task_result": {"videos": [{"url": "", "watermark_url": f"{CDN}/w.mp4"}]}}, [("w.mp4", "video", "cover")]),
    "generated": ("image", {"data": {"status": "COMPLETED", "generated": [f"{CDN}/a.png", f"{CDN}/b.png"]}}, [IMAGE("a.png"), IMAGE("b.png")]),
    "an echoed original": ("image", {"data": {"res_url": f"{CDN}/a.png", "original_url": f"{CDN}/in.png"}}, [IMAGE("a.png")]),
    "an original beside an unknown key": ("image", {"sample": f"{CDN}/a.png", "original_url": f"{CDN}/in.png"}, [IMAGE("a.png")]),
    "only an original": ("image", {"original_image": f"{CDN}/in.png", "source_url": f"{CDN}/s.png", "input_file": f"{CDN}/i.png"}, []),
    "one of two failed": ("image", {"output": {"results": [{"url": f"{CDN}/a.png"}, {"code": "X", "message": "no"}]}}, [IMAGE("a.png")]),
    "four images and their grid": ("image", {"output": {"image_url": f"{CDN}/grid.png", "temporary_image_urls": [f"{CDN}/{n}.png" for n in range(4)]}}, [IMAGE(f"{n}.png") for n in range(4)] + [COVER("grid.png")]),
    "a still beside its motion": ("video", {"generated_images": [{"url": f"{CDN}/a.jpg", "motionMP4URL": f"{CDN}/a.mp4"}]}, [VIDEO("a.mp4"), COVER("a.jpg")]),
    "stems": ("music", {"vocal_removal_info": {"vocal_url": f"{CDN}/v.mp3", "instrumental_url": f"{CDN}/i.mp3", "drums_url": f"{CDN}/d.mp3"}}, [AUDIO("v.mp3"), AUDIO("i.mp3"), AUDIO("d.mp3")]),
    "stems by plain names": ("music", {"output": {"vocals": f"{CDN}/v.wav", "drums": f"{CDN}/d.wav"}}, [AUDIO("v.wav"), AUDIO("d.wav")]),
    "BFL": ("image", {"result": {"sample": f"{CDN}/a.jpeg", "prompt": "x"}}, [IMAGE("a.jpeg")]),
    "Firefly": ("image", {"outputs": [{"seed": 1, "image": {"presignedUrl": f"{CDN}/a"}}]}, [IMAGE("a")]),
    "future links": ("image", {"status": "processing", "future_links": [f"{CDN}/a.png"]}, [IMAGE("a.png")]),
    "Udio": ("music", {"songs": [{"song_path": f"{CDN}/a.mp3", "image_path": f"{CDN}/a.png"}]}, [AUDIO("a.mp3")]),
    "without a scheme": ("image", {"url": "//cdn.example.com/a.png"}, [IMAGE("a.png")]),
    "Markdown": ("image", {"choices": [{"message": {"content": f"Here: ![fox]({CDN}/a.png) done."}}]}, [IMAGE("a.png")]),
    "escaped for HTML": ("image", {"url": f"{CDN}/a.png?x=1&amp;y=2"}, [IMAGE("a.png?x=1&y=2")]),
    "blanks and quotes": ("image", {"images": [f"{CDN}/my image.png", f"{CDN}/it's.png"]}, [IMAGE("my%20image.png"), IMAGE("it%27s.png")]),
    "an animation": ("video", {"outputs": {"9": {"gifs": [{"url": f"{CDN}/a.mp4", "type": "output"}]}}}, [VIDEO("a.mp4")]),
    "a key that nobody knows": ("image", {"zebra": {"stripes": [f"{CDN}/a.png", f"{CDN}/page.html"]}, "reference": f"{CDN}/in.png"}, [IMAGE("a.png")]),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELD_SHAPES)
@pytest.mark.parametrize(
    "wrap", [lambda value: value, json.dumps, lambda value: json.dumps(json.dumps(value))]
)
def test_shapes_of_the_field(name, wrap):
    """Results of services that people use, as objects and as text in text."""
    media, result, expected = FIELD_SHAPES[name]

    assert found(wrap(result), media) == expected


def test_a_file_under_an_unknown_key_says_where_it_was_found():
    """So that a user can report the key; a known key needs no report."""
    (asset,) = find_assets({"mediaType": "image", "taskResult": {"zebra": [f"{CDN}/a.png"]}}, API)
    (known,) = find_assets({"mediaType": "image", "taskResult": {"url": f"{CDN}/a.png"}}, API)

    assert (asset.guessed_at, known.guessed_at) == ("taskResult.zebra[0]", "")
