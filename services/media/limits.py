"""What the library takes, and how much of it."""

from datetime import timedelta

MAX_IMAGE_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 80_000_000
MAX_PARTS = 2_000
UNIT_QUOTA_BYTES = 50 * 1000**3
UPLOAD_LIFETIME = timedelta(hours=24)  # from the last byte that came
STORING_LIFETIME = timedelta(hours=1)  # what a crash left of storing an asset is removed after this
RENDITIONS = {"web": (1600, 85), "thumbnail": (400, 80)}  # longest side in pixels, JPEG quality; large before small
