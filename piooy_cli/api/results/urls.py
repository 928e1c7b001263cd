"""URLs in text: which strings are URLs, which are inputs, which are the API's own. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from piooy_cli.api.results.keys import KIND_OF_EXTENSION, meaning
from piooy_cli.api.safe_json import is_too_large, unwrapped

ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]", re.IGNORECASE)
_BUCKET = re.compile(r"(gs|s3)://\S+", re.IGNORECASE)
_RELATIVE = re.compile(r"/[\w./%~+@=-]+\.\w{2,5}(\?\S*)?")
_LISTED = re.compile(r"(?<![,\s])[,\s]++(?=https?://)", re.IGNORECASE)
_BLANKS = re.compile(r"[ '\"<>\\]+")  # which writers of addresses leave unquoted
_JOINED = re.compile(r"(?=https?://)", re.IGNORECASE)
_BEFORE_PROSE = re.compile(r"[!-(*+\--\\^-{}~]*")
_API_PATH = re.compile(r"/(api/|v\d)")


def urls_of(text: str, base_url: str) -> Iterator[str]:
    """Return the URLs in `text`: one, or a list without quotes; relative ones made absolute."""
    if DATA_URI.match(text):
        yield text
        return
    bare = text[1:-1].strip() if text[:1] == "[" and text[-1:] == "]" else text
    if bare.startswith("//"):
        bare = f"https:{bare}"
    parts = _LISTED.split(bare)
    if len(parts) == 1 and ADDRESS.match(bare) and not ADDRESS.fullmatch(bare):
        parts = [_BLANKS.sub(lambda match: quote(match[0]), bare)]
    for part in map(_unescaped, parts):
        if _RELATIVE.fullmatch(part) and not part.startswith("//") and base_url:
            part = urljoin(base_url, part)
        if ADDRESS.fullmatch(part) and part.isprintable() and not is_api(part, base_url):
            yield part


def media_urls_in(text: str, base_url: str) -> Iterator[str]:
    """Yield the URLs anywhere in a text, such as in Markdown; the API's own left out."""
    if DATA_URI.match(text):
        yield text
        return
    yield from urls_of(text, base_url)
    for match in ADDRESS.findall(text):
        url = _unescaped(match.rstrip(".,;:!?)]}"))
        if url != text and url.isprintable() and not is_api(url, base_url):
            yield url


def _unescaped(url: str) -> str:
    """Return a URL whose ampersands were escaped for HTML as it is meant."""
    return url.replace("&amp;", "&")


def is_api(url: str, base_url: str) -> bool:
    """Whether `url` is an API endpoint; an invalid URL counts as one."""
    try:
        parts, own = urlsplit(url), urlsplit(base_url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return True
    media = extension(parts.path) in KIND_OF_EXTENSION
    if host == (own.hostname or "").removeprefix("www."):
        return parts.path.startswith("/api/v") or (parts.path.startswith("/api/") and not media)
    called = host.split(".")[0] in ("api", "queue")
    return called and not media and (host.startswith("queue.") or bool(_API_PATH.match(parts.path)))


def has_url(value: Any) -> bool:
    """Whether there is any URL in or below `value`."""
    return any(ADDRESS.match(text) or DATA_URI.match(text) for text in strings_in(value))


def bucket_address(value: Any) -> str | None:
    """Return an address that only the owner of a storage bucket can read, if there is one."""
    if is_too_large(value):
        return None
    return next((text for text in strings_in(value) if _BUCKET.fullmatch(text)), None)


def urls_in(value: Any) -> Iterator[str]:
    """Yield everything in or below `value` that could be a URL, also within prose."""
    for text in strings_in(value):
        yield text.strip()
        for match in ADDRESS.findall(text):
            for part in (match, *_JOINED.split(match)):
                before_prose = _BEFORE_PROSE.match(part)
                yield from (part, part.rstrip(".,;:!?)]}"))
                yield before_prose[0].rstrip(".;:!?}") if before_prose else ""


def input_urls(data: Any, inputs: Iterable[str], base_url: str) -> set[str]:
    """Return all inputs, known or echoed, in every form in which they may come back."""
    given = set(inputs).union(*(urls_in(value) for value in _below_inputs(data)))
    given |= {urljoin(base_url, one) for one in given if one[:1] == "/" and base_url}
    return given | {unquote(one) for one in given}


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string in or below `value`, decoding JSON in strings."""
    stack = [value]
    while stack:
        value = unwrapped(stack.pop())
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)


def extension(path: str) -> str:
    """Return the extension of a path in lower case; empty if there is none."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def _below_inputs(data: Any) -> Iterator[Any]:
    """Yield the values of every key that names an input, at any depth."""
    stack = [data]
    while stack:
        value = unwrapped(stack.pop())
        if isinstance(value, dict):
            for key, inner in value.items():
                if meaning(key).is_input:
                    yield inner
                else:
                    stack.append(inner)
        elif isinstance(value, list):
            stack.extend(value)
