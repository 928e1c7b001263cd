"""What a parser finds in a file, and what it raises where nothing can be written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from piooy_cli.media.metadata.recipe import LONGEST, Recipe

MOST = 32 << 20  # bytes of metadata that are read into memory
_MOST_TEXTS = 2_000
_LABEL_NAMESPACE = b"www.tc260.org.cn/ns/AIGC/"
_REMOTE_MANIFEST = b"dcterms:provenance"  # where the C2PA manifest of a file without one is


class NotEmbedded(Exception):
    """No recipe was written into the file, and why. The file is as it was.

    `has_recipe`: it holds one already.
    """

    def __init__(self, reason: str, *, has_recipe: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.has_recipe = has_recipe


class Edit(NamedTuple):
    """The bytes that take the place of those from `start` to `end`."""

    start: int
    end: int
    data: bytes


class Plan(NamedTuple):
    """Edits in the order of the file, and the names of fields that did not fit."""

    edits: list[Edit]
    left_out: list[str]


Planner = Callable[[Recipe], Plan]


@dataclass
class Found:
    """Texts by name (in lower case, the first of each), the XMP packet, and "C2PA" or "AIGC"."""

    texts: dict[str, str] = field(default_factory=dict)
    xmp: bytes | None = None
    signature: str | None = None
    _characters: int = 0

    def add_text(self, name: str, text: str) -> None:
        """Keep a text, within limits. One that is named AIGC, or begins with it, is a label."""
        if name.lower() == "aigc" or text[:1_000].lstrip().startswith('{"AIGC"'):
            self.sign("AIGC")
        self._characters += min(len(text), LONGEST)
        if len(self.texts) < _MOST_TEXTS and self._characters <= MOST:
            self.texts.setdefault(name.lower(), text[: LONGEST + 1])

    def add_xmp(self, packet: bytes) -> None:
        """Keep the packet. Raises NotEmbedded if there is one already."""
        plain = packet.replace(b"\0", b"")  # UTF-16 too
        if _REMOTE_MANIFEST in plain:
            self.sign("C2PA")
        if _LABEL_NAMESPACE in plain:
            self.sign("AIGC")
        if self.xmp is not None:
            raise NotEmbedded("it has more than one XMP packet")
        self.xmp = packet

    def sign(self, signature: str) -> None:
        """Note what the file is signed or labelled with; C2PA has precedence."""
        self.signature = "C2PA" if "C2PA" in (self.signature, signature) else signature
