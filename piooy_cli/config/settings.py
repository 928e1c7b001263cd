"""Settings, resolved once: option over environment over profile over config file over built-in.

Other modules do not read these variables; the API key is the business of `credentials`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from piooy_cli.config.allowances import check_names, checked_allowance
from piooy_cli.config.file import Directories, read_config
from piooy_cli.config.urls import DEFAULT_BASE_URL, check_base_url
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.models import MediaType

SANDBOX_BASE_URL = "http://sandbox.localhost"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's settings. A field is a setting: option, variable and config key share its name."""

    base_url: str = field(default=DEFAULT_BASE_URL, metadata={"help": "URL of the API"})
    profile: str = field(default="default", metadata={"help": "profile of settings and key"})
    sandbox: bool = field(default=False, metadata={"help": "use the built-in fake API"})
    output: str = field(default="", metadata={"help": "directory or name template for files"})
    metadata: str = field(
        default="embed", metadata={"help": "recipe in saved files: embed, sidecar or none"}
    )
    store: str = field(
        default="", metadata={"help": "directory that keeps each saved file under its digest"}
    )
    history_prompts: bool = field(default=True, metadata={"help": "keep prompts in the history"})
    allow_private_assets: bool = field(
        default=False, metadata={"help": "download from inside your network as well"}
    )
    title: bool = field(
        default=False, metadata={"help": "show progress in the terminal's window title"}
    )
    provider: str = field(
        default="", metadata={"help": "provider for models that have none of their own"}
    )
    model: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "default model by media type, as model.image"}
    )
    options: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, metadata={"help": "default options by media type, as options.image"}
    )
    models: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, metadata={"help": "your own entries in the model catalogue"}
    )
    limit: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "rate limit of a model, such as 6/min"}
    )
    price: Mapping[str, str | float] = field(
        default_factory=dict, metadata={"help": "price of a model, such as 0.04, or 0.05/s"}
    )
    cap: Mapping[str, int] = field(
        default_factory=dict,
        metadata={"help": "maximum orders in an hour, day or month, as cap.day"},
    )


class Resolved(NamedTuple):
    """Settings, where each value came from, and the file's unknown keys."""

    settings: Settings
    origins: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


BOOLEANS = ("sandbox", "history_prompts", "allow_private_assets", "title")
METADATA = ("embed", "sidecar", "none")
NAMES = tuple(setting.name for setting in fields(Settings))
VARIABLES = {
    "PIOOY_BASE_URL": "base_url",
    "PIOOY_PROFILE": "profile",
    "PIOOY_SANDBOX": "sandbox",
    "PIOOY_OUTPUT": "output",
    "PIOOY_METADATA": "metadata",
    "PIOOY_ALLOW_PRIVATE_ASSETS": "allow_private_assets",
}
OTHER_VARIABLES = {
    "PIOOY_API_KEY": "the API key",
    "PIOOY_API_KEY_FILE": "file that contains the API key",
    "PIOOY_CONFIG_DIR": "directory of config.toml (default: the platform's)",
    "PIOOY_STATE_DIR": "directory of the ledger and other state (default: the platform's)",
    "PIOOY_DEBUG": "same as --debug",
    "PIOOY_NO_COLOR": "same as --color never",
}
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


def load_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str], places: Directories
) -> Resolved:
    """Read the config file and resolve."""
    resolved = resolve_settings(flags, environ, read_config(places.config_file))
    return _warned(resolved, places.config_file) if resolved.unknown else resolved


def _warned(resolved: Resolved, file: Path) -> Resolved:
    """Add a warning for each unknown key, with its line."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    return resolved._replace(
        warnings=tuple(
            f"{file.name}, line {_line_of(key, lines)}: ignoring unknown key {key!r}"
            for key in resolved.unknown
        )
    )


def _line_of(key: str, lines: list[str]) -> int:
    """Return the first line that begins with the last part of the key."""
    begins = _beginning(key.rpartition(".")[2])
    return next((n for n, line in enumerate(lines, 1) if begins.match(line)), 1)


def _beginning(key: str) -> re.Pattern[str]:
    return re.compile(rf"""\s*(\[.*)?["']?{re.escape(key)}["']?\s*[].=]""")


def resolve_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str], config: Mapping[str, Any]
) -> Resolved:
    """Merge the layers into one Settings. Pure. Raises UsageError for an invalid value."""
    named = {VARIABLES[name]: (value, name) for name, value in environ.items()
             if name in VARIABLES and value}  # fmt: skip
    given = {name: (value, f"--{name.replace('_', '-')}") for name, value in flags.items()
             if value is not None}  # fmt: skip
    profile = (named | given).get("profile", (config.get("profile"), ""))[0] or "default"
    layers = [_layer(config, "config.toml"), _profile(config, profile), named, given]
    merged: dict[str, tuple[Any, str]] = {}
    for layer in layers:
        merged |= {name: value for name, value in layer.items() if name in NAMES}
    values = {name: _checked(name, value, origin) for name, (value, origin) in merged.items()}
    origins = {name: origin for name, (_, origin) in merged.items()}
    return Resolved(_consistent(Settings(**values)), origins, _unknown(config))


def _layer(config: Mapping[str, Any], origin: str) -> dict[str, tuple[Any, str]]:
    return {name: (value, origin) for name, value in config.items()}


def _profile(config: Mapping[str, Any], name: str) -> dict[str, tuple[Any, str]]:
    profiles = config.get("profiles", {})
    if not isinstance(profiles, dict):
        raise UsageError("config.toml: profiles must be tables, as [profiles.work]")
    check_names(profiles, "profile")
    if name != "default" and name not in profiles:
        known = ", ".join(["default", *profiles])
        make = "to create it, run `config set-key` or `config set` with that --profile"
        raise UsageError(f"unknown profile {name!r}; known: {known}", make)
    table = profiles.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"config.toml: [profiles.{name}] must be a table")
    return _layer(table, f"config.toml [profiles.{name}]") | {"profile": (name, "")}


def _checked(name: str, value: Any, origin: str) -> Any:
    if name in BOOLEANS:
        return boolean(value, f"{origin}: {name}")
    if name in ("model", "options", "models"):
        return _table(name, value, origin)
    if name in ("limit", "cap", "price"):
        return checked_allowance(name, value, origin)
    if not isinstance(value, str):
        raise UsageError(f"{origin}: {name} must be text, not {value!r}")
    if name == "metadata" and value not in METADATA:
        raise UsageError(f"{origin}: metadata is {value!r}", f"accepted: {', '.join(METADATA)}")
    return check_base_url(value, origin) if name == "base_url" else value


def boolean(value: Any, origin: str) -> bool:
    """Parse `true`, `yes`, `on` or `1`, or their opposites. Raises UsageError."""
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise UsageError(f"{origin} must be true or false, not {value!r}")


def _table(name: str, value: Any, origin: str) -> Mapping[str, Any]:
    of = str if name == "model" else dict
    if not isinstance(value, dict) or not all(isinstance(inner, of) for inner in value.values()):
        example = {"model": 'image = "nano-banana-pro"', "options": "image = { seed = 7 }"}
        shape = example.get(name, "my-model = { media = ... }")
        raise UsageError(f"{origin}: [{name}] is not valid", f"for example: {shape}")
    if name != "models" and (wrong := set(value) - set(MediaType)):
        accepted = ", ".join(MediaType)
        raise UsageError(
            f"{origin}: {name}.{min(wrong)} is not a media type", f"accepted: {accepted}"
        )
    if name == "models":
        check_names(value, "model")
    return value


def _consistent(settings: Settings) -> Settings:
    if not settings.sandbox:
        return settings
    values = {setting.name: getattr(settings, setting.name) for setting in fields(settings)}
    return Settings(**(values | {"base_url": SANDBOX_BASE_URL}))


def _unknown(config: Mapping[str, Any]) -> tuple[str, ...]:
    known = {*NAMES, "profiles", "presets"}
    unknown = [key for key in config if key not in known]
    profiles = config.get("profiles", {})
    for profile, table in profiles.items() if isinstance(profiles, dict) else ():
        if isinstance(table, dict):
            unknown += [f"profiles.{profile}.{key}" for key in table if key not in NAMES]
    return tuple(unknown)
