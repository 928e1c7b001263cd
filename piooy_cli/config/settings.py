"""Settings, resolved once: option over environment over profile over config file over built-in.

Other modules do not read these variables; the API key is the business of `credentials`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from piooy_cli.config.file import Directories, read_config
from piooy_cli.config.urls import DEFAULT_BASE_URL, check_base_url
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import MediaType

SANDBOX_BASE_URL = "http://sandbox.localhost"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's settings. A field is a setting: option, variable and config key share its name."""

    base_url: str = field(default=DEFAULT_BASE_URL, metadata={"help": "URL of the API"})
    profile: str = field(default="default", metadata={"help": "profile of settings and key"})
    sandbox: bool = field(default=False, metadata={"help": "use the built-in fake API"})
    output: str = field(default="", metadata={"help": "directory or name template for files"})
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
NAMES = tuple(setting.name for setting in fields(Settings))
VARIABLES = {
    "PIOOY_BASE_URL": "base_url",
    "PIOOY_PROFILE": "profile",
    "PIOOY_SANDBOX": "sandbox",
    "PIOOY_OUTPUT": "output",
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
_PRICE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(/s)?", re.ASCII)
PERIODS = ("hour", "day", "month")
_RATE = re.compile(r"([1-9][0-9]{0,8})/(s|sec|min|hour|h|day)", re.ASCII)
_UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "hour": 3600.0, "h": 3600.0, "day": 86400.0}
_SHELL = frozenset(" \"'`$\\|&;<>(){}[]*?!#~=%^")
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
    _check_names(profiles, "profile")
    if name != "default" and name not in profiles:
        known = ", ".join(["default", *profiles])
        make = "to create it, run `config set-key` or `config set` with that --profile"
        raise UsageError(f"unknown profile {name!r}; known: {known}", make)
    table = profiles.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"config.toml: [profiles.{name}] must be a table")
    return _layer(table, f"config.toml [profiles.{name}]") | {"profile": (name, "")}


def _check_names(names: Iterable[str], what: str) -> None:
    """Refuse names that a shell would not take as they are, where one is pasted or completed."""
    for name in names:
        if not (name.isprintable() and _SHELL.isdisjoint(name) and name):
            raise UsageError(
                f"config.toml: {name!r} is not a valid name of a {what}: it is empty, or contains a"
                " blank, a control character or one that means something in a shell",
                Hint("config edit", sentence="to rename it: {}"),
            )


def _checked(name: str, value: Any, origin: str) -> Any:
    if name in BOOLEANS:
        return boolean(value, f"{origin}: {name}")
    if name in ("model", "options", "models"):
        return _table(name, value, origin)
    if name in ("limit", "cap", "price"):
        return _allowance(name, value, origin)
    if not isinstance(value, str):
        raise UsageError(f"{origin}: {name} must be text, not {value!r}")
    return check_base_url(value, origin) if name == "base_url" else value


def rate_of(text: str) -> tuple[int, float]:
    """Parse `6/min` into a number and seconds. Raises UsageError."""
    match = _RATE.fullmatch(str(text).replace(" ", ""))
    if not match:
        raise UsageError(
            f"{text!r} is not a rate limit", "for example: 6/min, 2/s, 100/hour, 500/day"
        )
    return int(match[1]), _UNITS[match[2]]


def price_of(text: str | float) -> tuple[float, bool]:
    """Parse `0.04`, or `0.05/s` for each second. Raises UsageError."""
    match = _PRICE.fullmatch(str(text).replace(" ", ""))
    if not match or isinstance(text, bool):
        raise UsageError(f"{text!r} is not a price", "for example: 0.04, or 0.05/s for each second")
    return float(match[1]), match[2] is not None


def _allowance(name: str, value: Any, origin: str) -> Mapping[str, Any]:
    """Check the tables `[limit]` and `[price]`, by model, and `[cap]`, by period."""
    if not isinstance(value, dict):
        raise UsageError(f"{origin}: [{name}] must be a table", f"for example: {_ALLOWANCES[name]}")
    for key, inner in value.items():
        if name == "limit":
            _check_names([key], "model")
            rate_of(inner)
        elif name == "price":
            _check_names([key], "model")
            price_of(inner)
        elif key not in PERIODS:
            raise UsageError(f"{origin}: cap.{key} is not a period", f"known: {', '.join(PERIODS)}")
        elif type(inner) is not int or inner < 0:
            raise UsageError(f"{origin}: cap.{key} must be a whole number, not {inner!r}")
    return value


_ALLOWANCES = {
    "limit": 'nano-banana-pro = "6/min"', "cap": "day = 200", "price": "nano-banana-pro = 0.04"
}  # fmt: skip


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
        _check_names(value, "model")
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
