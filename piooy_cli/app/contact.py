"""Contact: a message to the people behind the service; no key is sent."""

from piooy_cli.app.context import Context


async def send_message(context: Context, email: str, text: str) -> None:
    """Send `text`, to be answered at `email`. Raises PiooyError if it did not arrive."""
    async with context.api(signed=False) as api:
        await api.contact(email, text)
