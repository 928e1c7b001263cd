"""Saying for each URL of a task's result what it was taken for, and why. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from piooy_cli.api.results.finder import find_assets
from piooy_cli.api.results.keys import meaning
from piooy_cli.api.results.urls import input_urls, media_urls_in, urls_in
from piooy_cli.api.safe_json import is_too_large, unwrapped
from piooy_cli.domain.models import Asset

_DEEPEST = 24
_PARTS = ("taskInfo", "taskResult", "resultAssets")


class ExplainedUrl(NamedTuple):
    """A URL and its place. `taken`: as which file, such as `result 1, image`; else `ignored`."""

    path: str
    url: str
    taken: str
    why: str


def explain_urls(
    data: Mapping[str, Any], base_url: str, options: Any, prompt: str | None
) -> list[ExplainedUrl]:
    """Return every URL in a task's data. `options` and `prompt`: what was sent."""
    if is_too_large(data):
        return []
    inputs = list(urls_in([options, prompt]))
    assets = {one.url: one for one in find_assets(data, base_url, inputs)}
    never = input_urls(data, inputs, base_url)
    return [
        ExplainedUrl(path, url, *_verdict(url, key, reason, assets.get(url), never))
        for part in _PARTS
        for path, key, url, reason in _walk(data.get(part), part, part, "", base_url, 0)
    ]


def _walk(
    value: Any, path: str, key: str, reason: str, base_url: str, depth: int
) -> Iterator[tuple[str, str, str, str]]:
    value = unwrapped(value)
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        for url in media_urls_in(value.strip(), base_url):
            yield path, key, url, reason
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from _walk(one, f"{path}[{n}]", key, reason, base_url, depth + 1)
    elif isinstance(value, dict):
        for name, inner in value.items():
            why = reason or _key_reason(name)
            yield from _walk(inner, f"{path}.{name}", name, why, base_url, depth + 1)


def _key_reason(key: str) -> str:
    known = meaning(key)
    if known.is_input:
        return f"the key {key} names an input"
    return f"the key {key} never holds a file" if known.is_skipped else ""


def _verdict(
    url: str, key: str, reason: str, asset: Asset | None, never: set[str]
) -> tuple[str, str]:
    if asset:
        known = meaning(key)
        by_key = known.is_primary or known.is_secondary or known.is_base64
        why = f"the key {key}" if by_key and not asset.guessed_at else "its ending; unknown key"
        return f"{asset.role} {asset.n}, {asset.kind}", why
    if reason:
        return "ignored", reason
    if {url, unquote(url)} & never:
        return "ignored", "it was sent as an input"
    return "ignored", f"the key {key} is not known, and other files are"
