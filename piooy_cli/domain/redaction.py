"""Text without the key, for whatever leaves this process: output, and recordings. Pure."""

from collections.abc import Iterable

SHORTEST = 8


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of the secrets, be they plain, URL-encoded, inside JSON or in base64.

    No real key is as short as a word: hiding one that is would spoil the text.
    """
    for secret in (one for one in secrets if len(one) >= SHORTEST):
        for form in _forms(secret):
            text = text.replace(form, "***")
    return text


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """The same for bytes of any kind: a key is ASCII, and Latin-1 gives each byte back."""
    return redact(body.decode("latin-1"), secrets).encode("latin-1")


def _forms(secret: str) -> tuple[str, ...]:
    import base64  # only where there is a key to hide
    import json
    from urllib.parse import quote

    encoded = (base64.b64encode(prefix + secret.encode()).decode() for prefix in (b"", b"Bearer "))
    plain = (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
    return (*plain, *(form.rstrip("=") for form in encoded))
