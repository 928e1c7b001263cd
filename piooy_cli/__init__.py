"""Generate images, videos, music and characters through the Piooy API."""

__version__ = "0.1.0"
