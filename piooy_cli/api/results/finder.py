"""Finding the files of a task in whatever shape its result has, and never an input. Pure."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from piooy_cli.api.results.keys import KIND_OF_EXTENSION, KeyMeaning, meaning
from piooy_cli.api.results.urls import (
    DATA_URI,
    extension,
    has_url,
    input_urls,
    media_urls_in,
    urls_of,
)
from piooy_cli.api.safe_json import is_too_large, unwrapped
from piooy_cli.domain.models import Asset, Kind, Role

# The storage step rewrites what stands later here and leaves the expiring address before it.
_SOURCES = ("taskResult", "taskInfo", "resultAssets")
_DEFAULT_KINDS = {
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "music": Kind.AUDIO,
    "character": Kind.IMAGE,
}
_MOVING = (Kind.VIDEO, Kind.AUDIO)
_DEEPEST = 24
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){32,}", re.ASCII)  # sound as MiniMax sends it
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_TYPE_KEYS = ("content_type", "contentType", "mime_type", "mimeType", "imageType", "type")


class _Place(NamedTuple):
    """A place in the result, and what it says about a URL found there."""

    key: str = ""
    accepts: bool = True
    own_kind: Kind | None = None
    outer_kind: Kind | None = None
    type: str = ""
    role: Role = Role.RESULT
    depth: int = 0
    path: str = ""


class _Found(NamedTuple):
    url: str
    kind: Kind
    role: Role
    path: str


def find_assets(
    data: Mapping[str, Any], base_url: str = "", inputs: Iterable[str] = ()
) -> tuple[Asset, ...]:
    """Return the assets of a task that succeeded, results first, each once; never an input."""
    if is_too_large(data):
        return ()
    media = str(data.get("mediaType") or "").lower()
    never = input_urls(data, inputs, base_url)
    merged = _merged(data, _Finder(base_url, media), never)
    guessed = not any(one.role is Role.RESULT for one in merged)
    if guessed:  # any media file, under whatever key, rather than nothing
        merged = _merged(data, _Finder(base_url, media, lenient=True), never) or merged
    return tuple(
        Asset(n, one.url, one.kind, one.role, one.path if guessed else "")
        for n, one in enumerate(_results_first(_covers_beside_motion(merged, media)), 1)
    )


def _merged(data: Mapping[str, Any], finder: "_Finder", never: set[str]) -> list[_Found]:
    """Return what is found in all parts of the task; a later part replaces an earlier one's."""
    merged: dict[tuple[Kind, Role, int], _Found] = {}
    for source in _SOURCES:
        found = finder.walk(data.get(source), _Place(path=source))
        allowed = [one for one in found if not {one.url, unquote(one.url)} & never]
        known = {one.url for one in merged.values()}
        merged |= {at: one for at, one in _numbered(allowed).items() if one.url not in known}
    return list(merged.values())


def _covers_beside_motion(found: list[_Found], media: str) -> list[_Found]:
    """Return the stills of a video or music task as covers, if it has a clip or a song."""
    moves = any(one.kind in _MOVING and one.role is Role.RESULT for one in found)
    if not moves or _DEFAULT_KINDS.get(media) not in _MOVING:
        return found
    return [one._replace(role=Role.COVER) if one.kind is Kind.IMAGE else one for one in found]


class _Finder:
    def __init__(self, base_url: str, media: str, *, lenient: bool = False) -> None:
        self._base_url = base_url
        self._lenient = lenient
        self._default = _DEFAULT_KINDS.get(media, Kind.OTHER)

    def walk(self, value: Any, place: _Place) -> Iterator[_Found]:
        """Yield every asset in `value`, in document order."""
        if place.depth > _DEEPEST:
            return
        match unwrapped(value):
            case str() as text:
                yield from self._leaf(text.strip(), place)
            case list() as items:
                for n, item in enumerate(items):
                    if not isinstance(item, str | list | dict):
                        continue
                    path = f"{place.path}[{n}]"
                    yield from self.walk(item, place._replace(depth=place.depth + 1, path=path))
            case dict() as members:
                yield from self._members(members, place)

    def _members(self, members: Mapping[str, Any], place: _Place) -> Iterator[_Found]:
        named = next((t for key in _TYPE_KEYS if isinstance(t := members.get(key), str)), "")
        moving = (
            _kind_of_type(named) in _MOVING
            or any(_is_moving(key, value) for key, value in members.items())
            or any(_is_several_pictures(key, value) for key, value in members.items())
        )
        for key, value in members.items():
            if not _is_ignored(meaning(key), value):
                yield from self.walk(value, _inside(place, key, moving, named or place.type))

    def _leaf(self, text: str, place: _Place) -> Iterator[_Found]:
        if meaning(place.key).is_base64 or _is_inline(text, place):
            urls: Iterable[str] = _data_uri(text, place)
        elif meaning(place.key).kind is Kind.AUDIO and _HEX.fullmatch(text):
            urls = (f"data:audio/mpeg;base64,{b64encode(bytes.fromhex(text)).decode()}",)
        elif text[:5] in ("<svg ", "<?xml") and "</svg>" in text[-20:]:
            urls = (f"data:image/svg+xml,{quote(text)}",)
        elif self._lenient:
            urls = (url for url in media_urls_in(text, self._base_url) if _kind_of_url(url))
        else:
            urls = urls_of(text, self._base_url) if place.accepts else ()
        for url in urls:
            yield _Found(url, self._kind(url, place), place.role, place.path)

    def _kind(self, url: str, place: _Place) -> Kind:
        """Return the kind: the nearest key decides; the extension is only a hint."""
        whole_type = _kind_of_type(place.type) if "/" in place.type else None
        by_name = place.own_kind or whole_type or place.outer_kind
        return by_name or _kind_of_url(url) or _kind_of_type(place.type) or self._default


def _inside(place: _Place, key: str, moving: bool, named_type: str) -> _Place:
    known = meaning(key)
    own, primary = known.kind, _is_primary(known, place.key)
    beside_motion = moving or place.outer_kind in _MOVING
    one_picture = own is Kind.IMAGE and not known.name.endswith(("images", "imageurls"))
    lesser = known.is_secondary or (primary and beside_motion and one_picture)
    return _Place(
        key=key,
        accepts=lesser or primary,
        own_kind=own or (place.own_kind if place.role is Role.COVER else None),
        outer_kind=own or place.outer_kind,
        type=named_type,
        role=Role.COVER if lesser else place.role,
        depth=place.depth + 1,
        path=f"{place.path}.{key}",
    )


def _is_ignored(known: KeyMeaning, value: object) -> bool:
    """Whether nothing below a key is an asset. `urls` as an object is a list of API links."""
    links = known.name == "urls" and isinstance(unwrapped(value), dict)
    return links or known.is_input or known.is_skipped


def _is_primary(known: KeyMeaning, room: str) -> bool:
    """Whether a URL under a key, inside the key `room`, is a result."""
    return meaning(room).is_result_room if known.is_plural else known.is_primary


def _is_moving(key: str, value: Any) -> bool:
    """Whether `key` contains a video or audio: by its name, or by its first URL."""
    known = meaning(key)
    if _is_ignored(known, value) or known.is_secondary or not _is_primary(known, "data"):
        return False
    if known.kind in _MOVING:
        return has_url(value)
    value = unwrapped(value)
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, str) and _kind_of_url(first) in _MOVING


def _is_several_pictures(key: str, value: Any) -> bool:
    """Whether `key` contains several pictures, beside which a single one is their grid."""
    known, value = meaning(key), unwrapped(value)
    if _is_ignored(known, value) or not isinstance(value, list) or len(value) < 2:
        return False
    pictures = [isinstance(one, str) and _kind_of_url(one) is Kind.IMAGE for one in value]
    return _is_primary(known, "data") and all(pictures)


def _is_inline(text: str, place: _Place) -> bool:
    """Return the asset in `{"mimeType": "image/png", "data": "iVBO…"}`, as Gemini sends it."""
    named = meaning(place.key).name == "data" and "/" in place.type
    return named and _BASE64.fullmatch("".join(text.split())) is not None


def _data_uri(text: str, place: _Place) -> Iterator[str]:
    compact = "".join(text.split())
    if DATA_URI.match(text):
        yield text
    elif _BASE64.fullmatch(compact):
        known = _MEDIA_TYPE.fullmatch(place.type)
        yield f"data:{place.type if known else 'application/octet-stream'};base64,{compact}"


def _numbered(found: Sequence[_Found]) -> dict[tuple[Kind, Role, int], _Found]:
    """Number assets by kind, role and index: what two sources have in common is one item."""
    counts: dict[tuple[Kind, Role], int] = {}
    numbered = {}
    for one in _results_first(found):
        kind_and_role = (one.kind, one.role)
        counts[kind_and_role] = counts.get(kind_and_role, 0) + 1
        numbered[(*kind_and_role, counts[kind_and_role])] = one
    return numbered


def _results_first(found: Iterable[_Found]) -> list[_Found]:
    """Return results before covers, each URL once, otherwise in document order."""
    ordered = sorted(found, key=lambda one: one.role is Role.COVER)
    return list({one.url: one for one in reversed(ordered)}.values())[::-1]


def _kind_of_url(url: str) -> Kind | None:
    if url[:5].lower() == "data:":
        return _kind_of_type(url[5:].split(";")[0])
    try:
        return KIND_OF_EXTENSION.get(extension(urlsplit(url).path))
    except ValueError:
        return None


def _kind_of_type(text: object) -> Kind | None:
    """Return the kind that `image/png` or plain `image` names."""
    word = text.split("/")[0].lower() if isinstance(text, str) else ""
    return Kind(word) if word in ("image", "video", "audio") else None
