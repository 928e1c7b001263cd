"""Results that are inputs of an order: `piooy:task/ID#2` until it is sent, then a URL. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote

from piooy_cli.domain.models import Asset, Kind, MediaType, Order, Role

OPTIONS = {"image_input": Kind.IMAGE, "video_input": Kind.VIDEO, "video_url": Kind.VIDEO}
KIND_OF_MEDIA = {
    MediaType.IMAGE: Kind.IMAGE,
    MediaType.VIDEO: Kind.VIDEO,
    MediaType.MUSIC: Kind.AUDIO,
}
_TASK, _ROW, _FRAME = "piooy:task/", "piooy:row/", "@last-frame"


class ResultRef(NamedTuple):
    """Asset `n` of a task, or of the row of the same batch with this key; no `n`: what fits.

    `last_frame`: not the asset, a video, but its last frame.
    """

    task: str = ""
    row: str = ""
    n: int | None = None
    last_frame: bool = False

    def __str__(self) -> str:
        named = f"{_TASK}{self.task}" if self.task else f"{_ROW}{quote(self.row, safe='')}"
        frame = _FRAME if self.last_frame else ""
        return f"{named}#{self.n}{frame}" if self.n else f"{named}{frame}"

    @classmethod
    def of(cls, text: str) -> "ResultRef | None":
        """Parse what `str` has made; None for any other text."""
        if not text.startswith((_TASK, _ROW)):
            return None
        named, _, n = text.removesuffix(_FRAME).partition("#")
        number, frame = int(n) if n else None, text.endswith(_FRAME)
        if named.startswith(_TASK):
            return cls(named.removeprefix(_TASK), "", number, frame)
        return cls("", unquote(named.removeprefix(_ROW)), number, frame)


class OrderInput(NamedTuple):
    """A result that an order was made from: where it stands in the options, and which it is."""

    option: str
    place: int
    ref: ResultRef


def numbered(text: str) -> tuple[str, int | None]:
    """Split `REF#2` into the reference and the number of the asset, which counts from 1."""
    ref, sign, n = text.rpartition("#")
    if sign and n.isascii() and n.isdigit() and int(n[:9]):
        return ref, int(n[:9])
    return text, None


def inputs_of(order: Order) -> Iterator[OrderInput]:
    """Yield the results among the inputs of an order."""
    for option in OPTIONS:
        value = order.options.get(option)
        for place, text in enumerate(value if isinstance(value, list | tuple) else [value]):
            if isinstance(text, str) and (ref := ResultRef.of(text)):
                yield OrderInput(option, place, ref)


def with_addresses(order: Order, addresses: Mapping[str, str]) -> Order:
    """Return the order with each result replaced by its address."""
    options = dict(order.options)
    for option in OPTIONS.keys() & options.keys():
        value = options[option]
        options[option] = (
            [addresses.get(one, one) if isinstance(one, str) else one for one in value]
            if isinstance(value, list | tuple)
            else addresses.get(value, value)
        )
    return order._replace(options=options)


def fitting(assets: tuple[Asset, ...], n: int | None, kind: Kind) -> Asset | None:
    """Return asset `n`, or the first result of this kind; None if there is none."""
    if n:
        return next((asset for asset in assets if asset.n == n), None)
    results = [asset for asset in assets if asset.role == Role.RESULT]
    return next((asset for asset in results if asset.kind in (kind, Kind.OTHER)), None)
