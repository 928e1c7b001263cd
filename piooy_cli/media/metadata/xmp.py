"""XMP packets (ISO 16684-1): made from a recipe, added to a packet that is there, and read.

`piooy:recipe` is in the namespace https://piooy.com/ns/recipe/1.0/: the recipe as JSON in ASCII.
"""

from typing import NamedTuple
from xml.parsers import expat

from piooy_cli.media.metadata import parameters
from piooy_cli.media.metadata.found import NotEmbedded
from piooy_cli.media.metadata.recipe import Recipe, to_text

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_PIOOY = "https://piooy.com/ns/recipe/1.0/"
_NAMES = {"rdf": _RDF, "dc": _DC, "Iptc4xmpExt": _IPTC, "xmp": _XMP, "piooy": _PIOOY}
_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_FROM_TEXT, _FROM_PICTURES = (
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
)
_ANY_LANGUAGE = '<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>'
_BEGIN = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
)
_END = '</x:xmpmeta>\n<?xpacket end="w"?>'
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_DEEPEST = 200
# What is left out first where a packet may not be long, by the names in reports.
_SPARE = {"Iptc4xmpExt:AIPromptInformation": "AIPromptInformation", "dc:description": "description"}


class Packet(NamedTuple):
    """What a packet has: its properties, and where more of them can be put."""

    properties: frozenset[str]
    about: str
    end: int
    recipe: str | None


def written(
    recipe: Recipe, old: bytes | None, *, whole: bool = True, most: int | None = None
) -> tuple[bytes, list[str]]:
    """Return a packet, and what is left out since it would have more than `most` bytes.

    `old`: the packet of the file, which is kept. `whole`: with `piooy:recipe`.
    """
    properties, left_out = _properties(recipe, whole), list[str]()
    packet = _packet(properties, old)
    for name, shown in _SPARE.items():
        if most is not None and len(packet) > most and name in properties:
            del properties[name]
            left_out.append(shown)
            packet = _packet(properties, old)
    if most is not None and len(packet) > most:
        raise NotEmbedded("the recipe is too large for this format")
    return packet, left_out


def _properties(recipe: Recipe, whole: bool) -> dict[str, str]:
    """Return properties as XML by their names."""
    kind = _FROM_PICTURES if recipe.from_pictures else _FROM_TEXT
    system = f"{recipe.model} ({recipe.provider})" if recipe.provider else recipe.model
    found = {
        "Iptc4xmpExt:DigitalSourceType": _SOURCE + kind,
        "Iptc4xmpExt:AISystemUsed": _text(system),
        "xmp:CreatorTool": _text(recipe.software),
    }
    if recipe.prompt is not None:
        prompt = _text(recipe.prompt)
        found["Iptc4xmpExt:AIPromptInformation"] = prompt
        found["dc:description"] = _ANY_LANGUAGE.format(prompt)
    if whole:
        found["piooy:recipe"] = _text(to_text(recipe))
    return found


def _text(text: str) -> str:
    text = parameters.clean(text)
    for character, escape in _ESCAPES.items():  # `translate` is thirty times slower
        text = text.replace(character, escape)
    return text


def _packet(properties: dict[str, str], old: bytes | None) -> bytes:
    if old is None:
        body = f'<rdf:RDF xmlns:rdf="{_RDF}">{_description(properties, "")}</rdf:RDF>'
        return f"{_BEGIN}{body}{_END}".encode()
    packet = read(old)
    if f"{_NOTE} HasExtendedXMP" in packet.properties:
        raise NotEmbedded("its XMP is in several parts")
    new = {name: xml for name, xml in properties.items() if _full(name) not in packet.properties}
    added = _description(new, packet.about).encode()
    return old[: packet.end] + added + old[packet.end :]


def _full(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{_NAMES[prefix]} {local}"


def _description(properties: dict[str, str], about: str) -> str:
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in _NAMES.items())
    body = "".join(f"<{name}>{xml}</{name}>" for name, xml in properties.items())
    return f'<rdf:Description rdf:about="{_text(about)}"{spaces}>{body}</rdf:Description>'


def read(packet: bytes) -> Packet:
    """Parse a packet in UTF-8. Raises NotEmbedded if it is anything else."""
    reader = _Reader()
    try:
        reader.parser.Parse(packet.rstrip(b"\0"), True)
    except (expat.ExpatError, ValueError) as error:
        raise NotEmbedded("its XMP is not understood") from error
    closed = reader.end is not None and packet[reader.end : reader.end + 2] == b"</"
    if not closed or len(reader.abouts) > 1 or reader.lists != 1:
        raise NotEmbedded("its XMP is not understood")
    recipe = None if reader.recipe is None else "".join(reader.recipe)
    about = next(iter(reader.abouts), "")
    return Packet(frozenset(reader.properties), about, reader.end or 0, recipe)


class _Reader:
    """Collects the properties of the descriptions in rdf:RDF. Document types are refused."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("UTF-8", " ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._close
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._path: list[str] = []
        self.properties: set[str] = set()
        self.abouts: set[str] = set()
        self.recipe: list[str] | None = None
        self.end: int | None = None
        self.lists = 0

    def _refuse(self, *_: object) -> None:
        raise ValueError("a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) > _DEEPEST:
            raise ValueError("too deep")
        self.lists += name == f"{_RDF} RDF"
        if self._path[-1:] == [f"{_RDF} RDF"]:
            self._describe(name, attributes)
        elif self._in_description():
            self._property(name)
        self._path.append(name)

    def _describe(self, element: str, attributes: dict[str, str]) -> None:
        if element != f"{_RDF} Description" or "about" in attributes:
            raise ValueError("an old or a typed description")
        self.abouts.add(attributes.get(f"{_RDF} about", ""))
        for name in attributes:
            if not name.startswith(_RDF):
                self._property(name)
                if name == f"{_PIOOY} recipe" and self.recipe is not None:
                    self.recipe.append(attributes[name])

    def _property(self, name: str) -> None:
        if name == f"{_PIOOY} recipe":
            if self.recipe is not None:
                raise ValueError("two recipes")
            self.recipe = []
        self.properties.add(name)

    def _in_description(self) -> bool:
        return self._path[-2:] == [f"{_RDF} RDF", f"{_RDF} Description"]

    def _characters(self, text: str) -> None:
        if self._path[-1:] == [f"{_PIOOY} recipe"] and self.recipe is not None:
            self.recipe.append(text)

    def _close(self, name: str) -> None:
        self._path.pop()
        if name == f"{_RDF} RDF":
            self.end = self.parser.CurrentByteIndex
