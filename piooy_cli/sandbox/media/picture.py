"""A landscape with the prompt written on it, as PNG."""

import io
import math
import random
from typing import Any

from PIL import Image, ImageColor, ImageDraw, ImageFont, PngImagePlugin

from piooy_cli.sandbox.media import Work
from piooy_cli.sandbox.media.sizes import picture_size

Color = tuple[int, int, int]


def make(work: Work, name: str) -> bytes:
    """The picture of this name: the landscape, its caption, and a word on where it is from."""
    # The name without its ending: the same picture in every format.
    image = landscape(
        work, picture_size(work.options), work.random(name.partition(".")[0] + ".png")
    )
    if work.reference:
        _inset(image, work.reference)
    caption(image, work.caption, f"piooy sandbox · {work.model} · {image.width} x {image.height}")
    return png(image, work) if name.endswith("png") else _packed(image, name)


def _packed(image: Image.Image, name: str) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP" if name.endswith("webp") else "JPEG", quality=90)
    return out.getvalue()


def _inset(image: Image.Image, reference: bytes) -> None:
    """The reference, small and framed, in the upper left; nothing where it is no picture."""
    try:
        with Image.open(io.BytesIO(reference)) as opened:
            small = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return
    edge = min(image.size) // 3
    small.thumbnail((edge, edge))
    margin = edge // 10
    frame = (margin - 3, margin - 3, margin + small.width + 2, margin + small.height + 2)
    ImageDraw.Draw(image).rectangle(frame, fill=(250, 250, 250))
    image.paste(small, (margin, margin))


def png(image: Image.Image, work: Work) -> bytes:
    """PNG bytes that carry prompt and origin as text."""
    words = PngImagePlugin.PngInfo()
    words.add_itxt("Description", work.caption)
    words.add_text("Software", "piooy sandbox")
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=words, compress_level=3)
    return out.getvalue()


def landscape(work: Work, size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Sky, sun and hills in the colours of the request."""
    hue = chance.random()
    image = _sky(size, hue)
    draw = ImageDraw.Draw(image)
    center, radius = sun(size, chance)
    disc(draw, center, radius, shade(hue + 0.5, 0.35, 1.0))
    for layer in range(4):
        color = shade(hue + 0.08 * layer, 0.45 + 0.1 * layer, 0.62 - 0.14 * layer)
        draw.polygon(_ridge(size, 0.45 + 0.13 * layer, chance), fill=color)
    _snow(draw, size, chance)
    return image


def sun(size: tuple[int, int], chance: random.Random) -> tuple[tuple[float, float], float]:
    """Where the sun stands, and how large it is."""
    width, height = size
    return (width * chance.uniform(0.2, 0.8), height * chance.uniform(0.18, 0.34)), min(size) * 0.08


def disc(draw: Any, center: tuple[float, float], radius: float, color: Color) -> None:
    """A filled circle."""
    x, y = center
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def shade(hue: float, saturation: float, value: float) -> Color:
    """A colour by hue (0 to 1, wrapped), saturation and value."""
    text = f"hsv({hue % 1 * 360:.0f}, {saturation * 100:.0f}%, {max(value, 0) * 100:.0f}%)"
    red, green, blue, *_ = ImageColor.getrgb(text)
    return red, green, blue


def caption(image: Image.Image, text: str, origin: str) -> None:
    """Write the prompt across the lower part, on a dark band."""
    width, height = image.size
    size = max(min(width // 18, height // 10), 11)
    font, small = ImageFont.load_default(size), ImageFont.load_default(max(size // 2, 10))
    rows = wrapped(text, font, width - 2 * size, most=4)
    band = int(size * 1.35 * len(rows) + size * 1.8)
    dark = Image.new("RGB", (width, band), (12, 14, 20))
    below = image.crop((0, height - band, width, height))
    image.paste(Image.blend(below, dark, 0.68), (0, height - band))
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        place = (size, height - band + size * 0.5 + number * size * 1.35)
        draw.text(place, row, (255, 255, 255), font)
    draw.text((size, height - size * 1.05), origin, (190, 196, 210), small)


def wrapped(text: str, font: Any, width: int, most: int) -> list[str]:
    """`text` in rows that fit, the last one cut where there are too many."""
    rows = [""]
    for word in " ".join(text.split()).split(" "):
        longer = f"{rows[-1]} {word}".strip()
        if font.getlength(longer) <= width or not rows[-1]:
            rows[-1] = longer
        else:
            rows.append(word)
    if len(rows) > most:
        rows = [*rows[: most - 1], f"{rows[most - 1]} …"]
    return [_fitting(row, font, width) for row in rows]


def _fitting(row: str, font: Any, width: int) -> str:
    while len(row) > 1 and font.getlength(row) > width:
        row = row[: -max(len(row) // 8, 2)] + "…"
    return row


def _sky(size: tuple[int, int], hue: float) -> Image.Image:
    column = Image.new("RGB", (1, 64))
    for y in range(64):
        column.putpixel((0, y), shade(hue + y / 640, 0.55 - y / 160, 0.55 + y / 150))
    return column.resize(size, Image.Resampling.BICUBIC)


def _ridge(size: tuple[int, int], level: float, chance: random.Random) -> list[tuple[float, float]]:
    width, height = size
    waves = [
        (chance.uniform(0.5, 5), chance.uniform(0, 6.3), chance.uniform(0.01, 0.05))
        for _ in range(5)
    ]
    ridge = []
    for x in range(0, width + 8, 8):
        swing = sum(
            depth * math.sin(rate * x / width * 6.3 + phase) for rate, phase, depth in waves
        )
        ridge.append((float(x), height * (level + swing)))
    return [(0.0, float(height)), *ridge, (float(width), float(height))]


def _snow(draw: Any, size: tuple[int, int], chance: random.Random) -> None:
    grain = max(min(size) // 300, 1)
    for _ in range(90):
        x, y = chance.uniform(0, size[0]), chance.uniform(0, size[1])
        disc(draw, (x, y), grain * chance.uniform(0.6, 1.8), (245, 247, 255))
