"""Media files of every format that holds a recipe, what they decode to, and signed ones."""

import datetime
import hashlib
import io
import json
import shutil
import struct
import subprocess
import zlib
from functools import cache

from PIL import Image

from piooy_cli.sandbox.fixtures.work import Work
from piooy_cli.sandbox.fixtures.works import make_files

FFMPEG, FFPROBE, EXIFTOOL = map(shutil.which, ("ffmpeg", "ffprobe", "exiftool"))
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=10:duration=1")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
BARE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="uuid:1" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" xmp:CreatorTool="Maker"/></rdf:RDF></x:xmpmeta>'
)
# What is not made by the sandbox: ffmpeg's arguments for each file.
BY_FFMPEG = {
    "plain.mp4": (*PICTURE, *SOUND, "-metadata", "title=Hello"),
    "faststart.mp4": (*PICTURE, *SOUND, "-movflags", "+faststart", "-metadata", "title=Hello"),
    "keys.mp4": (*PICTURE, "-movflags", "+faststart+use_metadata_tags", "-metadata", "title=Hello", "-metadata", "foo=bar"),
    "bare.mp4": (*PICTURE, *SOUND, *BARE, "-movflags", "+faststart"),
    "comment.mp4": (*PICTURE, "-metadata", "comment=Mine", "-metadata", "title=Hello"),
    "plain.mov": (*PICTURE, *SOUND, "-metadata", "comment=Mine"),
    "faststart.mov": (*PICTURE, *SOUND, "-c:v", "mjpeg", "-c:a", "pcm_s16le", "-movflags", "+faststart"),
    "plain.m4a": (*SOUND, "-metadata", "title=Hello"),
    "bare.m4a": (*SOUND, *BARE),
    "plain.mp3": (*SOUND, "-metadata", "title=Hello"),
    "third.mp3": (*SOUND, "-id3v2_version", "3", "-metadata", "title=Hello"),
    "bare.mp3": (*SOUND, "-id3v2_version", "0"),
    "first.mp3": (*SOUND, "-id3v2_version", "0", "-write_id3v1", "1", "-metadata", "title=Hello"),
    "plain.wav": (*SOUND, "-metadata", "title=Hello"),
    "plain.flac": (*SOUND, "-metadata", "title=Hello"),
}  # fmt: skip


@cache
def image() -> Image.Image:
    """A small picture with transparent parts."""
    picture = Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 60).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((64, 48)))
    return picture


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@cache
def pictures() -> dict[str, bytes]:
    """Pictures of every kind that Pillow writes."""
    opaque, turned = image().convert("RGB"), image().rotate(90)
    exif = Image.Exif()
    exif[0x010E] = "A description"
    return {
        "plain.png": saved(opaque, "PNG"),
        "palette.png": saved(image().convert("P"), "PNG"),
        "moving.png": saved(image(), "PNG", save_all=True, append_images=[turned]),
        "plain.jpg": saved(opaque, "JPEG"),
        "progressive.jpg": saved(opaque, "JPEG", progressive=True, comment=b"Mine"),
        "four.jpg": saved(opaque.convert("CMYK"), "JPEG"),
        "told.jpg": saved(opaque, "JPEG", exif=exif, xmp=XMP.encode()),
        "lossy.webp": saved(opaque, "WEBP"),
        "alpha.webp": saved(image(), "WEBP"),
        "lossless.webp": saved(opaque, "WEBP", lossless=True),
        "lossless-alpha.webp": saved(image(), "WEBP", lossless=True, exact=True),
        "moving.webp": saved(image(), "WEBP", save_all=True, append_images=[turned]),
        "told.webp": saved(image(), "WEBP", exif=exif, xmp=XMP.encode()),
    }


@cache
def from_sandbox() -> dict[str, bytes]:
    """What the sandbox sends."""
    asked = json.dumps({"duration": 0.25, "size": "96x96", "resolution": "100p"})
    return {
        f"sandbox-{name}": make_files(Work(media, "m", "a fox", asked), name)
        for media, name in [
            ("image", "image-1.png"), ("image", "image-1.jpg"), ("image", "image-1.webp"),
            ("video", "video.mp4"), ("music", "song.wav"),
        ]
    }  # fmt: skip


def by_ffmpeg(place) -> dict[str, bytes]:
    """What ffmpeg makes, as far as it can."""
    for name, arguments in BY_FFMPEG.items():
        if FFMPEG and not (place / name).exists():
            subprocess.run([FFMPEG, "-v", "error", *arguments, str(place / name)], check=False)
    return {name: (place / name).read_bytes() for name in BY_FFMPEG if (place / name).exists()}


def ending(name: str) -> str:
    """The extension of a name."""
    return name.rpartition(".")[2]


def decoded(name: str, content: bytes, place) -> str:
    """A digest of the pixels of every frame, or of every stream; "damaged" where there are none."""
    if ending(name) in ("png", "jpg", "webp"):
        return _pixels(content)
    path = place / f"decode.{ending(name)}"
    path.write_bytes(content)
    command = [
        FFMPEG,
        "-v",
        "quiet",
        "-threads",
        "1",
        "-i",
        path,
        "-map",
        "0",
        "-f",
        "streamhash",
        "-",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 else "damaged"


def _pixels(content: bytes) -> str:
    digest = hashlib.sha256()
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as opened:
            for number in range(min(getattr(opened, "n_frames", 1), 50)):
                opened.seek(number)
                digest.update(repr(opened.size).encode() + opened.convert("RGBA").tobytes())
    except Exception:  # noqa: BLE001 - a decoder may raise anything
        return "damaged"
    return digest.hexdigest()


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of PNG with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunk(name: bytes, data: bytes, png: bytes | None = None) -> bytes:
    """A PNG with one more chunk after its header."""
    png = png or pictures()["plain.png"]
    return png[:33] + png_chunk(name, data) + png[33:]


def segment(marker: int, data: bytes) -> bytes:
    """A segment of JPEG."""
    return struct.pack(">BBH", 255, marker, len(data) + 2) + data


def with_segment(marker: int, data: bytes) -> bytes:
    """A JPEG with one more segment."""
    jpeg = pictures()["plain.jpg"]
    return jpeg[:20] + segment(marker, data) + jpeg[20:]


def riff(content: bytes, more: bytes) -> bytes:
    """A RIFF file with one more chunk at its end, and the right length."""
    return content[:4] + struct.pack("<I", len(content) + len(more) - 8) + content[8:] + more


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of RIFF."""
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def box(name: bytes, data: bytes) -> bytes:
    """A box of ISO media."""
    return struct.pack(">I", len(data) + 8) + name + data


def frame(name: bytes, data: bytes) -> bytes:
    """A frame of ID3 2.3."""
    return name + struct.pack(">I", len(data)) + b"\0\0" + data


def tag(frames: bytes, version: int = 3, flags: int = 0) -> bytes:
    """An ID3 tag."""
    size = bytes(len(frames) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + size + frames


SILENCE = (b"\xff\xfb\x90\x00" + bytes(413)) * 6  # of MP3


@cache
def _certificates() -> tuple[bytes, bytes]:
    """A chain of certificates and the key of the first one, for this process alone."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = _certificate("leaf", leaf, root) + _certificate("root", root, root)
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return chain, leaf.private_bytes(pem, pkcs8, plain)


def _certificate(subject, key, issuer) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text):
        named = [(NameOID.COMMON_NAME, text), (NameOID.ORGANIZATION_NAME, "A test")]
        return x509.Name([x509.NameAttribute(*pair) for pair in named])

    is_root, now = key is issuer, datetime.datetime.now(datetime.UTC)
    day, public = datetime.timedelta(days=1), key.public_key()
    made = x509.CertificateBuilder(name("root"), name(subject), public)
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - day).not_valid_after(now + 9 * day)
    uses = {"digital_signature": True, "key_cert_sign": is_root, "crl_sign": is_root}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")  # fmt: skip
    extensions = [
        (x509.BasicConstraints(is_root, None), True),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False),
        (x509.KeyUsage(**uses, **dict.fromkeys(others, False)), True),
    ]
    if not is_root:
        extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False))
    for extension, critical in extensions:
        made = made.add_extension(extension, critical)
    return made.sign(issuer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4", "mov": "video/quicktime", "m4a": "audio/mp4", "wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac"}  # fmt: skip


def signed(c2pa, name: str, content: bytes, remote: bool = False) -> bytes:
    """A file that is signed by C2PA's own library; `remote`: with its manifest elsewhere."""
    chain, key = _certificates()
    info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, key, None)
    action = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    }
    assertion = {"label": "c2pa.actions", "data": {"actions": [action]}}
    builder = c2pa.Builder(json.dumps({"claim_generator_info": [{"name": "t"}], "title": name, "assertions": [assertion]}))  # fmt: skip
    if remote:
        builder.set_remote_url("https://example.com/manifest.c2pa")
        builder.set_no_embed()
    out = io.BytesIO()
    builder.sign(c2pa.Signer.from_info(info), TYPES[ending(name)], io.BytesIO(content), out)
    return out.getvalue()


def state(c2pa, name: str, content: bytes) -> str:
    """What C2PA's own library says of a file."""
    reader = c2pa.Reader(TYPES[ending(name)], io.BytesIO(content))
    return json.loads(reader.json())["validation_state"]
