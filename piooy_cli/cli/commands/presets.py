"""`piooy presets`: list the presets of the project and of the config file, or show one."""

from typing import Annotated

import typer

from piooy_cli.app.context import Context


def presets(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[PRESET]", help="Show only this preset, as JSON.")
    ] = None,
) -> None:
    """List presets, or show one with the request that it makes.

    \b
    Examples:
      piooy presets
      piooy presets hero
      piooy generate image --preset hero "a red fox"

    A preset is a table [presets.NAME] in the project's piooy.toml, or in config.toml. piooy.toml is
    looked for in the working directory and above it; its presets win over those of config.toml.

    A preset may have media, model, provider, scene, prompt, images, videos, options, output and
    description. The prompt goes in place of {prompt} in the preset's, or else replaces it.
    """
    from piooy_cli.app.presets import list_presets, show_preset

    context: Context = ctx.obj
    if name is None:
        return list_presets(context)
    return show_preset(context, name)
