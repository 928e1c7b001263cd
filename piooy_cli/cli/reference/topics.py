"""The pages that belong to no command: exit codes, environment, and the config file. Pure."""

from dataclasses import fields
from typing import Any

from piooy_cli.cli.reference.blocks import CodeBlock, Definition, ManualPage, Section
from piooy_cli.cli.reference.facts import USUAL_VARIABLES, exit_codes, variables
from piooy_cli.config.settings import VARIABLES, Settings
from piooy_cli.domain.errors import PRECEDENCE

_CONFIG = """\
output = "~/Pictures/piooy/{date}-{slug}-{n}.{ext}"
history_prompts = false         # prompts stay out of the history

[model]
image = "nano-banana-pro"       # where no --model is given

[options.image]
aspect_ratio = "16:9"

[models."my/own"]               # an entry of your own in the catalogue
media = "video"
provider = "evolink"
seconds = 90
defaults = { duration = 5 }

[profiles.work]                 # with --profile work
output = "/srv/media"\
"""


def topic_pages() -> tuple[ManualPage, ...]:
    """All of them."""
    return (_exit_codes(), _environment(), _config())


def topic_names() -> list[str]:
    """As other pages refer to them."""
    return [f"{page.name}({page.section})" for page in topic_pages()]


def _exit_codes() -> ManualPage:
    order = ", ".join(map(str, PRECEDENCE))
    summary = "what the exit codes of piooy mean, and what was charged"
    return ManualPage("piooy-exit-codes", 7, summary, (
        Section("DESCRIPTION", (
            "Every command ends with one of these. A script should take a code that it does not"
            " know for a failure.",
            *(Definition(f"{code.number} {code.name}", f"{_sentence(code.meaning)}"
                   f" Money: {code.money}.") for code in exit_codes()),
        )),
        Section("EXIT STATUS", (
            f"When several apply to a run of many tasks, the first of these: {order}. A command"
            " that was given one task never ends with 6.",
        )),
        Section("EXAMPLES", (CodeBlock((
            'piooy wait @last; echo "it ended with $?"',
        )),)),
        Section("SEE ALSO", ("piooy(1), piooy-history(1)",)),
    ))  # fmt: skip


def _environment() -> ManualPage:
    return ManualPage("piooy-environment", 7, "variables that piooy reads", (
        Section("DESCRIPTION", (
            "An option wins over a variable, and a variable over the config file. A variable that"
            " is empty counts as not set. The key is the first that is found: PIOOY_API_KEY, the"
            " file that PIOOY_API_KEY_FILE names, the keyring of the system, and the file that"
            " `piooy config set-key --store file` wrote. Reading the keyring may take 3 seconds"
            " at most.",
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
    return ManualPage("piooy-config", 5, "the settings of piooy", (
        Section("DESCRIPTION", (
            "config.toml is a TOML file in the configuration directory of the platform;"
            " `piooy config path` prints its path, `piooy config edit` opens it, and"
            " `piooy config set` changes it and keeps its comments. It need not exist. A table"
            " under profiles holds settings that win over those above it, where --profile or"
            " PIOOY_PROFILE names it. A key that is not known is told and ignored.",
            *(Definition(one.name, _described(one, of.get(one.name, "")))
              for one in fields(Settings)),
        )),
        Section("FILES", (Definition("~/.config/piooy/config.toml", "on Linux"),)),
        Section("EXAMPLES", (CodeBlock(tuple(_CONFIG.splitlines())),)),
        Section("SEE ALSO", ("piooy(1), piooy-config(1), piooy-environment(7)",)),
    ))  # fmt: skip


def example_config() -> str:
    """The config file that the page shows."""
    return _CONFIG


def _described(setting: Any, variable: str) -> str:
    text = _sentence(str(setting.metadata["help"]))
    if isinstance(setting.default, (str, bool)) and setting.default != "":
        text += f" Default: {str(setting.default).lower()}."
    return f"{text} Variable: {variable}." if variable else text


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:].rstrip('.')}."
