"""Sending a message to Piooy's support; no key is sent."""

from piooy_cli.app.context import Context


async def send_message(context: Context, email: str, text: str) -> None:
    """Send `text`, with `email` for the reply. Raises PiooyError if it was not accepted."""
    async with context.api(signed=False) as api:
        await api.contact(email, text)
