"""The manual pages on exit codes, environment variables and the config file. Pure."""

from dataclasses import fields
from typing import Any

from piooy_cli.cli.reference.blocks import CodeBlock, Definition, ManualPage, Section
from piooy_cli.cli.reference.facts import USUAL_VARIABLES, exit_codes, variables
from piooy_cli.config.settings import VARIABLES, Settings
from piooy_cli.domain.errors import PRECEDENCE

_CONFIG = """\
output = "~/Pictures/piooy/{date}-{slug}-{n}.{ext}"
history_prompts = false         # prompts stay out of the history, tags do not

[model]
image = "nano-banana-pro"       # where no --model is given

[options.image]
aspect_ratio = "16:9"

[models."my/own"]               # an entry of your own in the catalogue
media = "video"
provider = "evolink"
seconds = 90
defaults = { duration = 5 }

[presets.hero]                  # with --preset hero
prompt = "{prompt}, 35 mm film"

[profiles.work]                 # with --profile work
output = "/srv/media"\
"""


def topic_pages() -> tuple[ManualPage, ...]:
    """Return all topic pages."""
    return (_exit_codes(), _environment(), _config())


def topic_names() -> list[str]:
    """Return how other pages refer to the topics."""
    return [f"{page.name}({page.section})" for page in topic_pages()]


def _exit_codes() -> ManualPage:
    order = ", ".join(map(str, PRECEDENCE))
    summary = "exit codes of piooy, and what was charged"
    return ManualPage("piooy-exit-codes", 7, summary, (
        Section("DESCRIPTION", (
            "Every command exits with one of these codes. Scripts should treat an unknown code as"
            " a failure.",
            *(Definition(f"{code.number} {code.name}", f"{_sentence(code.meaning)}"
                   f" Money: {code.money}.") for code in exit_codes()),
        )),
        Section("EXIT STATUS", (
            f"If several codes apply to a run of many tasks, the first of these is used: {order}."
            " A command with a single task never exits with 6.",
        )),
        Section("EXAMPLES", (CodeBlock((
            'piooy wait @last; echo "exit code $?"',
        )),)),
        Section("SEE ALSO", ("piooy(1), piooy-history(1)",)),
    ))  # fmt: skip


def _environment() -> ManualPage:
    return ManualPage("piooy-environment", 7, "environment variables of piooy", (
        Section("DESCRIPTION", (
            "Options override variables, and variables override the config file. An empty variable"
            " counts as unset. The key is looked up in this order: PIOOY_API_KEY, the file named by"
            " PIOOY_API_KEY_FILE, the system's keyring, and the file written by"
            " `piooy config set-key --store file`. Reading the keyring takes at most 3 seconds.",
        )),
        Section("ENVIRONMENT", (
            *(Definition(name, text) for name, text in variables()),
            *(Definition(name, text) for name, text in USUAL_VARIABLES.items()),
        )),
        Section("EXAMPLES", (CodeBlock((
            "PIOOY_OUTPUT=art/ piooy generate image -m nano-banana-pro dunes",
            "NO_COLOR=1 piooy history",
        )),)),
        Section("SEE ALSO", ("piooy(1), piooy-config(5)",)),
    ))  # fmt: skip


def _config() -> ManualPage:
    of = {name: variable for variable, name in VARIABLES.items()}
    return ManualPage("piooy-config", 5, "configuration file of piooy", (
        Section("DESCRIPTION", (
            "config.toml is a TOML file in the configuration directory of the platform;"
            " `piooy config path` prints its path, `piooy config edit` opens it, and"
            " `piooy config set` changes it and keeps its comments. The file is optional. A table"
            " under profiles contains settings that override those above it when --profile or"
            " PIOOY_PROFILE selects it. Unknown keys are reported and ignored.",
            *(Definition(one.name, _described(one, of.get(one.name, "")))
              for one in fields(Settings)),
            Definition("presets", "Requests with a name, for --preset; see piooy-presets(1)."),
        )),
        Section("FILES", (
            Definition("~/.config/piooy/config.toml", "on Linux"),
            Definition("piooy.toml", "presets of a project, in its directory, and nothing else"),
        )),
        Section("EXAMPLES", (CodeBlock(tuple(_CONFIG.splitlines())),)),
        Section("SEE ALSO", ("piooy(1), piooy-config(1), piooy-environment(7)",)),
    ))  # fmt: skip


def example_config() -> str:
    """Return the config file that the page shows as an example."""
    return _CONFIG


def _described(setting: Any, variable: str) -> str:
    text = _sentence(str(setting.metadata["help"]))
    if isinstance(setting.default, (str, bool)) and setting.default != "":
        text += f" Default: {str(setting.default).lower()}."
    return f"{text} Variable: {variable}." if variable else text


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:].rstrip('.')}."
