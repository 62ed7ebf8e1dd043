"""Photographs drawn by code: a sky, a ground and some buildings, each different and each the same every time."""

import io
import random

from PIL import Image, ImageDraw

SIZE = (480, 320)


def draw(shoot: str, number: int) -> bytes:
    """Return a JPEG of about 6 KB, always the same for the same shoot and number."""
    chance = random.Random(f"{shoot}/{number}")
    width, height = SIZE
    horizon = chance.randint(height // 2, height * 3 // 4)
    sky, ground = ((chance.randint(120, 220), chance.randint(150, 230), chance.randint(200, 255)),
                   (chance.randint(60, 120), chance.randint(100, 160), chance.randint(50, 90)))  # fmt: skip
    image = Image.new("RGB", SIZE, sky)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, horizon, width, height), fill=ground)
    for _ in range(chance.randint(3, 7)):
        left, top = chance.randint(0, width), chance.randint(horizon // 3, horizon - 20)
        wall = tuple(chance.randint(120, 210) for _ in range(3))
        canvas.rectangle((left, top, left + chance.randint(40, 120), horizon), fill=wall)
    sun = chance.randint(20, width - 40)
    canvas.ellipse((sun, 20, sun + 30, 50), fill=(255, 240, 180))
    canvas.text((8, height - 16), f"{shoot} #{number}", fill=(255, 255, 255))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()
