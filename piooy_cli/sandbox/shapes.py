"""`taskResult` in the shapes that real providers use, by name. Pure.

Field names are those of public code and documentation of EvoLink, kie.ai, fal, Replicate, PearAPI
and the site template that such services are built on; addresses are the sandbox's own.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class ShapedMedia(NamedTuple):
    """The content of a result: URLs of results, and of a cover, if any."""

    results: tuple[str, ...]
    cover: str
    kind: str  # image, video, audio
    model: str
    prompt: str


# One red pixel, as PNG in base64.
_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)

Shape = Callable[[ShapedMedia], Any]


def shape(name: str, of: ShapedMedia) -> Any:
    """Return `taskResult` in a shape; `…+string` and `…+twice` are JSON inside a string."""
    plain, _, wrapped = name.partition("+")
    value = SHAPES[plain](of)
    for _ in range({"string": 1, "twice": 2}.get(wrapped, 0)):
        value = json.dumps(value)
    return value


def fitting(media: str) -> str:
    """Return the default shape."""
    return {"video": "videos", "music": "songs", "character": "character"}.get(media, "results")


def shape_names() -> list[str]:
    """Return every name, and how each can be wrapped."""
    return [*SHAPES, "NAME+string", "NAME+twice"]


def _images(of: ShapedMedia) -> Any:
    images = [{"id": "", "imageType": "image/png", "imageUrl": url} for url in of.results]
    return {"images": images, "status": "completed", "errorCode": "", "errorMessage": ""}


def _videos(of: ShapedMedia) -> Any:
    videos = [
        {"id": f"task-{n}", "videoUrl": url, "thumbnailUrl": of.cover, "duration": 5,
         "storageKey": f"videos/u1/{n}.mp4", "posterKey": f"posters/u1/{n}.jpg"}
        for n, url in enumerate(of.results)
    ]  # fmt: skip
    return {"videos": videos, "status": "completed"}


def _songs(of: ShapedMedia) -> Any:
    songs = [
        {"id": f"a{n}", "audioUrl": url, "imageUrl": of.cover, "duration": 8.5,
         "title": of.prompt[:80], "tags": "sandbox", "prompt": f"[Verse] {of.prompt}"}
        for n, url in enumerate(of.results, 1)
    ]  # fmt: skip
    return {"songs": songs, "status": "SUCCESS"}


def _results(of: ShapedMedia) -> Any:
    return _evolink(of) | {"results": list(of.results)}


def _evolink(of: ShapedMedia) -> dict[str, Any]:
    return {
        "created": 1756817821, "id": "task-unified-1756817821-4x3rx6ny", "model": of.model,
        "object": f"{of.kind}.generation.task", "progress": 100, "status": "completed",
        "type": of.kind, "task_info": {"can_cancel": False},
        "usage": {"billing_rule": "per_call", "credits_reserved": 1.6},
    }  # fmt: skip


def _evolink_music(of: ShapedMedia) -> Any:
    data = [
        {"result_id": f"r{n}", "title": of.prompt[:80], "duration": 8.5, "audio_url": url,
         "stream_audio_url": f"{url}?stream=1", "image_url": of.cover}
        for n, url in enumerate(of.results)
    ]  # fmt: skip
    return _results(of) | {"result_data": data}


def _evolink_character(of: ShapedMedia) -> Any:
    data = {"character_name": "chr_Axtjik3O#", "profile_picture_url": of.results[0]}
    return _evolink(of) | {"result_data": data}


def _result_data(of: ShapedMedia) -> Any:
    data = [{f"{of.kind}_url": url, "seed": 42, "duration": 5} for url in of.results]
    return {"id": "t", "status": "completed", "type": of.kind, "result_data": data}


def _kie(of: ShapedMedia) -> Any:
    given = {"prompt": of.prompt, "image_input": ["https://user.example/ref.png"]}
    asked = {"model": of.model, "callBackUrl": "https://piooy.example/notify", "input": given}
    return {
        "taskId": "task_12345678", "model": of.model, "state": "success",
        "param": json.dumps(asked), "resultJson": json.dumps({"resultUrls": list(of.results)}),
        "failCode": "", "failMsg": "", "costTime": 15000,
    }  # fmt: skip


def _kie_music(of: ShapedMedia) -> Any:
    songs = [
        {"id": f"e{n}", "audioUrl": url, "streamAudioUrl": f"{url}?stream=1", "imageUrl": of.cover,
         "prompt": "[Verse] ...", "modelName": "chirp", "title": "Iron", "duration": 8.5}
        for n, url in enumerate(of.results)
    ]  # fmt: skip
    return {
        "taskId": "5c79", "param": json.dumps({"prompt": of.prompt}), "status": "SUCCESS",
        "response": {"taskId": "5c79", "sunoData": songs}, "errorCode": None, "errorMessage": None,
    }  # fmt: skip


def _replicate(of: ShapedMedia) -> Any:
    asked = {"prompt": of.prompt, "image_input": ["https://user.example/ref.png"]}
    return {
        "id": "vgcm4plb", "model": of.model, "input": asked, "logs": "see https://example.com/log",
        "output": list(of.results), "error": None, "status": "succeeded",
        "urls": {"get": "https://api.replicate.example/v1/predictions/vgcm4plb"},
    }  # fmt: skip


def _replicate_one(of: ShapedMedia) -> Any:
    return {"id": "p2", "status": "succeeded", "output": of.results[0], "input": {"prompt": "x"}}


def _replicate_files(of: ShapedMedia) -> Any:
    return {"id": "p3", "status": "succeeded", "output": [{"file": url} for url in of.results]}


def _fal(of: ShapedMedia) -> Any:
    files = [{"url": url, "content_type": f"{of.kind}/x", "file_size": 1} for url in of.results]
    if of.kind == "video":
        return {"video": files[0]}
    return {"images" if of.kind == "image" else "audio": files, "seed": 7, "prompt": of.prompt}


def _openai(of: ShapedMedia) -> Any:
    data = [{"url": url, "revised_prompt": of.prompt} for url in of.results]
    return {"created": 1767000000, "data": data}


def _fal_queue(of: ShapedMedia) -> Any:
    """Return URLs that are not results, and must not be fetched."""
    queue = "https://queue.fal.example/x/requests/r1"
    return {
        "status": "IN_QUEUE", "request_id": "r1", "response_url": queue, "queue_position": 0,
        "status_url": f"{queue}/status", "cancel_url": f"{queue}/cancel",
    }  # fmt: skip


def running(name: str, model: str) -> Any:
    """Return `taskResult` before the end: nothing, or the provider's response to the submission."""
    if not name.startswith("submit-echo"):
        return None
    return {
        "created": 1757165031, "id": "task-unified-1757165031-uyujaw3d", "model": model,
        "object": "image.generation.task", "progress": 0, "status": "pending", "type": "image",
        "task_info": {"can_cancel": True, "estimated_time": 45},
        "usage": {"billing_rule": "per_call", "credits_reserved": 1.6, "user_group": "default"},
    }  # fmt: skip


def failed(model: str) -> Any:
    """Return `taskResult` of a FAILED task in EvoLink's words, which contain line breaks."""
    return {
        "id": "task-unified-1772618027-cmeisy8h", "object": "image.generation.task",
        "status": "failed", "model": model, "progress": 0,
        "error": {"code": "content_policy_violation",
                  "message": "Content policy violation.\nThe sandbox was told to let it fail."},
    }  # fmt: skip


def _character(of: ShapedMedia) -> Any:
    return {"images": [{"imageUrl": url} for url in of.results], "character_name": "Mirota"}


SHAPES: Mapping[str, Shape] = {
    "images": _images, "videos": _videos, "songs": _songs, "results": _results,
    "evolink-music": _evolink_music, "evolink-character": _evolink_character,
    "result-data": _result_data, "kie": _kie, "kie-music": _kie_music, "replicate": _replicate,
    "replicate-one": _replicate_one, "replicate-files": _replicate_files, "fal": _fal,
    "openai": _openai, "character": _character,
    "url": lambda of: {"url": of.results[0]},
    "kind-url": lambda of: {f"{of.kind}Url": of.results[0]},
    "snake-url": lambda of: {f"{of.kind}_url": of.results[0]},
    "assets": lambda of: {"assets": [{"type": of.kind, "url": url} for url in of.results]},
    "outputs": lambda of: {"outputs": list(of.results)},
    "urls": lambda of: {"urls": list(of.results)},
    "text": lambda of: of.results[0],
    "list": lambda of: list(of.results),
    "submit-echo": _results,
    "fal-queue": _fal_queue,
    "openai-b64": lambda of: {"created": 1767000000, "data": [{"b64_json": _PIXEL}]},
    "data-uri": lambda of: f"data:image/png;base64,{_PIXEL}",
    "name-only": lambda of: [{"id": "char_e9bd70", "name": "Joe"}],
    "handle": lambda of: {"id": "ch_6918d621", "username": "hfspncadz.mooflapand",
                          "permalink": "https://sora.example/profile/x",
                          "profile_picture_url": of.results[0]},
}  # fmt: skip
