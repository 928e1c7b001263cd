"""Finding the files of a task in whatever shape its result has, and never an input. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from piooy_cli.api import asset_keys as keys
from piooy_cli.api.decode import unwrapped
from piooy_cli.models import Asset, Kind, Role

# The storage step rewrites what stands later here and leaves the expiring address before it.
_SOURCES = ("taskResult", "taskInfo", "resultAssets")
_DEFAULT_KINDS = {
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "music": Kind.AUDIO,
    "character": Kind.IMAGE,
}
_DEEPEST = 24
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_RELATIVE = re.compile(r"/[\w./%~+@=-]+\.\w{2,5}(\?\S*)?", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}", re.ASCII)
_TYPE_KEYS = ("content_type", "contentType", "mime_type", "mimeType", "imageType", "type")


class _Place(NamedTuple):
    """Where in the result we stand, and what that says of an address found here."""

    key: str = ""
    accepts: bool = True
    own_kind: Kind | None = None
    outer_kind: Kind | None = None
    type: str = ""
    role: Role = Role.RESULT
    depth: int = 0


class _Found(NamedTuple):
    url: str
    kind: Kind
    role: Role


def find_assets(
    data: Mapping[str, Any], base_url: str = "", inputs: Iterable[str] = ()
) -> tuple[Asset, ...]:
    """The assets of a task that succeeded, results first, each once. `inputs` never come out."""
    finder = _Finder(base_url, str(data.get("mediaType") or "").lower())
    banned = _comparable(inputs) | _comparable(_addresses_of_inputs(data))
    merged: dict[tuple[Kind, Role, int], _Found] = {}
    for source in _SOURCES:
        found = [one for one in finder.walk(data.get(source), _Place()) if one.url not in banned]
        merged |= _numbered(found)
    unique = _unique(merged.values())
    ordered = sorted(unique, key=lambda found: found.role is Role.COVER)
    return tuple(Asset(n, one.url, one.kind, one.role) for n, one in enumerate(ordered, 1))


def addresses_in(value: Any) -> Iterator[str]:
    """Every address in every string below `value`, JSON in strings opened."""
    stack = [value]
    while stack:
        value = unwrapped(stack.pop())
        if isinstance(value, str):
            yield value.strip()
            yield from (match.rstrip(".,;:!?)]}") for match in _ADDRESS.findall(value))
        elif isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)


class _Finder:
    def __init__(self, base_url: str, media: str) -> None:
        self._base_url = base_url
        self._host = _host(base_url)
        self._default = _DEFAULT_KINDS.get(media, Kind.OTHER)

    def walk(self, value: Any, place: _Place) -> Iterator[_Found]:
        """Every asset in `value`, in the order of the document."""
        if place.depth > _DEEPEST:
            return
        match unwrapped(value):
            case str() as text:
                yield from self._leaf(text.strip(), place)
            case list() as items:
                inner = place._replace(depth=place.depth + 1)
                for item in items:
                    yield from self.walk(item, inner)
            case dict() as members:
                yield from self._members(members, place)

    def _members(self, members: Mapping[str, Any], place: _Place) -> Iterator[_Found]:
        moving = any(value and _is_moving(key) for key, value in members.items())
        named_type = next(
            (t for k in _TYPE_KEYS if isinstance(t := members.get(k), str)), place.type
        )
        for key, value in members.items():
            if keys.is_input(key) or keys.is_skipped(key, value):
                continue
            yield from self.walk(value, _inside(place, key, moving, named_type))

    def _leaf(self, text: str, place: _Place) -> Iterator[_Found]:
        if keys.plain(place.key) in keys.BASE64_KEYS or _is_inline(text, place):
            url: str | None = _data_uri(text, place)
        else:
            url = self._address(text) if place.accepts else None
        if url:
            yield _Found(url, self._kind(url, place), place.role)

    def _address(self, text: str) -> str | None:
        if text[:5].lower() == "data:" and "," in text[:200]:
            return text
        if _RELATIVE.fullmatch(text) and not text.startswith("//") and self._base_url:
            text = urljoin(self._base_url, text)
        return text if _ADDRESS.fullmatch(text) and not self._is_api(text) else None

    def _is_api(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return True
        if _host(url) == self._host and parts.path.startswith("/api/"):
            return True
        first_label = (parts.hostname or "").split(".")[0]
        return first_label in ("api", "queue") and _extension(parts.path) == ""

    def _kind(self, url: str, place: _Place) -> Kind:
        whole_type = keys.kind_of_type(place.type) if "/" in place.type else None
        by_name = place.own_kind or whole_type or place.outer_kind
        return by_name or _kind_of_url(url) or keys.kind_of_type(place.type) or self._default


def _inside(place: _Place, key: str, moving: bool, named_type: str) -> _Place:
    own = keys.kind_of_key(key)
    beside_motion = moving or place.outer_kind in (Kind.VIDEO, Kind.AUDIO)
    lesser = keys.is_secondary(key) or (own is Kind.IMAGE and beside_motion)
    return _Place(
        key=key,
        accepts=lesser or keys.is_primary(key, place.key),
        own_kind=own or (place.own_kind if place.role is Role.COVER else None),
        outer_kind=own or place.outer_kind,
        type=named_type,
        role=Role.COVER if lesser else place.role,
        depth=place.depth + 1,
    )


def _is_moving(key: str) -> bool:
    kind = None if keys.is_input(key) or keys.is_secondary(key) else keys.kind_of_key(key)
    return kind in (Kind.VIDEO, Kind.AUDIO) and keys.is_primary(key, "data")


def _is_inline(text: str, place: _Place) -> bool:
    """`{"mimeType": "image/png", "data": "iVBO…"}`, as Gemini sends it."""
    return keys.plain(place.key) == "data" and "/" in place.type and bool(_BASE64.fullmatch(text))


def _data_uri(text: str, place: _Place) -> str | None:
    if text[:5].lower() == "data:":
        return text
    compact = "".join(text.split())
    media_type = place.type if "/" in place.type else "application/octet-stream"
    return f"data:{media_type};base64,{compact}" if _BASE64.fullmatch(compact) else None


def _numbered(found: Sequence[_Found]) -> dict[tuple[Kind, Role, int], _Found]:
    counts: dict[tuple[Kind, Role], int] = {}
    numbered = {}
    for one in _unique(found):
        kind_and_role = (one.kind, one.role)
        counts[kind_and_role] = counts.get(kind_and_role, 0) + 1
        numbered[(*kind_and_role, counts[kind_and_role])] = one
    return numbered


def _unique(found: Iterable[_Found]) -> list[_Found]:
    return list({one.url: one for one in reversed(list(found))}.values())[::-1]


def _addresses_of_inputs(value: Any, depth: int = 0) -> Iterator[str]:
    value = unwrapped(value)
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            below = addresses_in(inner) if keys.is_input(key) else None
            yield from below if below is not None else _addresses_of_inputs(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _addresses_of_inputs(inner, depth + 1)


def _comparable(addresses: Iterable[str]) -> set[str]:
    given = set(addresses)
    return given | {unquote(address) for address in given}


def _kind_of_url(url: str) -> Kind | None:
    if url[:5].lower() == "data:":
        return keys.kind_of_type(url[5:].split(";")[0])
    return keys.KIND_OF_EXTENSION.get(_extension(urlsplit(url).path))


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
