"""A character sheet as PNG: three views of one figure, its colours and its name."""

import random
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from piooy_cli.sandbox.media import Work
from piooy_cli.sandbox.media.picture import Color, caption, disc, png, shade

_SIZE = (1536, 1024)
_VIEWS = ("front", "side", "back")


def make(work: Work) -> bytes:
    """The sheet of the character that this work describes."""
    chance = work.random("figure")
    palette = _palette(chance)
    image = Image.new("RGB", _SIZE, (244, 241, 234))
    draw = ImageDraw.Draw(image)
    build = (chance.uniform(0.85, 1.15), chance.uniform(0.8, 1.2))
    for number, view in enumerate(_VIEWS):
        _figure(draw, 290 + number * 430, view, palette, build)
    _swatches(draw, palette)
    draw.text((48, 40), work.name, palette[3], ImageFont.load_default(64))
    caption(image, work.caption, f"piooy sandbox · {work.model} · character sheet")
    return png(image, work)


def _palette(chance: random.Random) -> list[Color]:
    hue = chance.random()
    return [
        shade(0.07, chance.uniform(0.2, 0.6), chance.uniform(0.45, 0.95)),
        shade(hue, 0.65, 0.8),
        shade(hue + 0.5, 0.55, 0.55),
        shade(hue + 0.1, 0.6, 0.25),
    ]


def _figure(draw: Any, x: int, view: str, palette: list[Color], build: tuple[float, float]) -> None:
    skin, coat, legs, hair = palette
    wide, tall = build
    half = 80 * wide * (0.65 if view == "side" else 1)
    head, waist, feet = 260, 260 + 300 * tall, 260 + 480 * tall
    draw.rounded_rectangle((x - half * 0.7, waist - 20, x - 8, feet), 24, fill=legs)
    draw.rounded_rectangle((x + 8, waist - 20, x + half * 0.7, feet), 24, fill=legs)
    draw.rounded_rectangle((x - half, head + 70, x + half, waist), 48, fill=coat)
    for side in (-1, 1):
        arm = sorted((x + side * half, x + side * (half + 36)))
        draw.rounded_rectangle((arm[0], head + 90, arm[1], waist - 30), 18, fill=coat)
    disc(draw, (x, head - 14), 92, hair)
    if view != "back":
        disc(draw, (x + (20 if view == "side" else 0), head), 76, skin)
        _face(draw, x, head, view, hair)


def _face(draw: Any, x: int, head: int, view: str, ink: Color) -> None:
    eyes = (-26, 26) if view == "front" else (52,)
    for eye in eyes:
        disc(draw, (x + eye, head - 8), 8, ink)
    middle = x if view == "front" else x + 50
    draw.arc((middle - 22, head + 8, middle + 22, head + 40), 20, 160, fill=ink, width=5)


def _swatches(draw: Any, palette: list[Color]) -> None:
    for number, color in enumerate(palette):
        draw.rounded_rectangle((1180 + number * 80, 44, 1240 + number * 80, 104), 12, fill=color)
