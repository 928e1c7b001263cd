"""What `piooy config check` finds: key, keyring, service, versions."""

import sys

from piooy_cli import __version__
from piooy_cli.errors import NotFound, PiooyError
from piooy_cli.session import Session


def report(session: Session) -> tuple[list[tuple[str, str]], PiooyError | None]:
    """What is found of key, service and versions, and the first trouble."""
    facts = [
        ("piooy", __version__),
        ("python", sys.version.split()[0]),
        ("platform", sys.platform),
    ]
    facts += [("config", str(session.places.config_file)), ("state", str(session.places.state))]
    facts += [("profile", session.settings.profile), ("base_url", session.settings.base_url)]
    trouble: PiooyError | None = None
    try:
        facts.append(("key", _key(session)))
    except PiooyError as error:
        trouble = error
        facts.append(("key", error.message))
    facts.append(("keyring", _keyring(session)))
    try:
        facts.append(("api", session.run(_answers)))
    except PiooyError as error:
        trouble = trouble or error
        facts.append(("api", error.message))
    return facts, trouble


async def _answers(session: Session) -> str:
    """Ask for a task that cannot exist: 404 means that the key is good, and nothing is charged."""
    async with session.api() as api:
        try:
            await api.task("piooy-check")
        except NotFound:
            return "answers, and takes the key"
    return "answers"


def _key(session: Session) -> str:
    if session.settings.sandbox:
        return "none needed in the sandbox"
    return f"…{session.key.tail} from {session.key.origin}"


def _keyring(session: Session) -> str:
    from piooy_cli.credentials import KeyringTrouble, read_keyring

    try:
        stored = read_keyring(session.vault.account)
    except KeyringTrouble as trouble:
        return trouble.reason
    return f"answers; {'a' if stored else 'no'} key for {session.vault.account}"
