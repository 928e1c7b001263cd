"""The root command: every command by name, and the global options."""

import re
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.help import CommandApp
from piooy_cli.cli.options import ColorChoice
from piooy_cli.domain.errors import PiooyError, UsageError
from piooy_cli.domain.escaping import check_path
from piooy_cli.domain.hints import Hint

FLAGS = frozenset("--json --quiet --verbose --debug --no-input --sandbox --version".split())
_BUNDLE = re.compile(r"-([qv]+)([A-Za-z].*)?")
_LONG_DASHES = "–—―−"  # which word processors make of two hyphens
VALUED = frozenset("--jq --color --hyperlinks --profile --base-url --record".split())


def _command_of(ordered: list[str]) -> str:
    """Return the first word that is neither an option nor its value; None if help comes first."""
    words = iter(ordered)
    for word in words:
        if word in ("-h", "--help"):
            break
        if word in VALUED:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def globals_first(arguments: list[str], valued: Collection[str] = ()) -> list[str]:
    """Return the arguments with global options moved to the front, where Typer expects them."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*front, *rest, word, *words]
        if match := _BUNDLE.fullmatch(word):
            front += [f"-{letter}" for letter in match[1]]
            rest += [f"-{match[2]}"] if match[2] else []
        elif word in FLAGS or (word.partition("=")[0] in VALUED and "=" in word):
            front.append(word)
        elif word in VALUED:
            value = next(words, None)
            if value is None:
                raise UsageError(
                    f"{word} requires a value",
                    Hint("--help", sentence="for the options and arguments: {}"),
                )
            front += [word, value]
        else:
            rest += [word, *([value] if word in valued and (value := next(words, None)) else [])]
    return front + rest


ROOT_HELP = """Generate images, videos, music and characters through the Piooy API.

\b
Examples:
  piooy --sandbox generate image -m nano-banana-pro "a red fox"
  piooy generate video -m veo-3-1 --duration 8 "waves at dusk"
  piooy generate image -m seedream-4-5 --no-wait "a fox" | piooy wait | piooy download -o out/
"""
# Each by the module that it is in, in the order of help.
COMMANDS = {
    "generate": "generate", "redo": "redo", "batch": "batch", "plan": "plan", "run": "run",
    "init-plan": "plan", "task": "task", "wait": "wait", "download": "download",
    "history": "history", "where": "where", "store": "store", "inspect": "inspect",
    "verify": "inspect", "tree": "tree", "models": "models", "presets": "presets",
    "contact": "contact", "config": "config", "sandbox": "sandbox",
    "completion": "completion", "man": "man", "__complete": "completion",
}  # fmt: skip
GROUPS = frozenset(["history", "config", "sandbox", "store"])
NEED_ALL = frozenset(["completion", "man"])  # they tell of every command


def root(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print results as JSON Lines.")] = False,
    jq: Annotated[
        str | None,
        typer.Option("--jq", metavar="EXPR", help="Filter JSON output through a jq expression."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors to stderr.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show more detail.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error was raised. [env: PIOOY_DEBUG]")
    ] = False,
    color: Annotated[
        ColorChoice, typer.Option("--color", help="When to use color.")
    ] = ColorChoice.AUTO,
    hyperlinks: Annotated[
        ColorChoice,
        typer.Option("--hyperlinks", help="When to print file names as clickable links."),
    ] = ColorChoice.AUTO,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never prompt.")] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Profile of settings and key to use. [env: PIOOY_PROFILE]",
        ),
    ] = None,
    sandbox: Annotated[
        bool | None,
        typer.Option(
            "--sandbox",
            help="Use a built-in fake API: no key, no network, no charge. [env: PIOOY_SANDBOX]",
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="URL of the API. [env: PIOOY_BASE_URL]"),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="FILE", help="Record every request and response to a file."
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Keep the global options in the context; nothing is read yet."""
    context: Context = ctx.obj
    if record is not None:
        check_path(str(record), "--record")
    context.configure(
        json=json or jq is not None, quiet=quiet, verbose=verbose, color=color,
        debug=debug or context.options.debug, no_input=no_input, hyperlinks=hyperlinks,
        record=record, profile=profile, sandbox=sandbox, base_url=base_url,
    )  # fmt: skip
    if jq is not None:
        from piooy_cli.output.jq import compiled

        context.configure(filter=compiled(jq))
        context.secrets += filter(None, [context.environ.get("PIOOY_API_KEY")])  # jq reads `env`
    if version:
        _show_version(context)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        context.output.page(ctx.get_help())


def command_app(only: str = "") -> CommandApp:
    """Return the tree of commands; with the name of one, only what that command needs.

    Each command has a module of its own: importing all would cost 8 ms at every start.
    """
    app = CommandApp()
    app.callback(help=ROOT_HELP)(root)
    for name in [only] if only in COMMANDS else COMMANDS:
        module = import_module(f"piooy_cli.cli.commands.{COMMANDS[name]}")
        if name in GROUPS:
            app.add_typer(getattr(module, name), name=name)
        else:
            hidden = name.startswith("_")
            app.command(name, hidden=hidden)(getattr(module, name.strip("_").replace("-", "_")))
    return app


def call(arguments: list[str], context: Context) -> int:
    """Run the command that `arguments` name. Raises PiooyError; returns an exit code."""
    words = arguments[: arguments.index("--") if "--" in arguments else None]
    context.configure(
        json=any(word.partition("=")[0] in ("--json", "--jq") for word in words),
        debug=context.options.debug or "--debug" in words,
    )
    name = _command_of(arguments)
    command = typer.main.get_command(command_app("" if name in NEED_ALL else name))
    ordered = globals_first(arguments, _valued(command))
    try:
        code = command.main(ordered, prog_name="piooy", standalone_mode=False, obj=context)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit:
        raise BrokenPipeError from None  # as Typer does when the reader of its help is gone
    except Exception as error:
        if "set-key" in arguments:  # what was typed may be the key itself: no trace of it
            raise _usage_error(error, arguments) from None
        raise _usage_error(error, arguments) from error
    return code if isinstance(code, int) else 0


def _valued(command: Any) -> frozenset[str]:
    """Return the options below this command that take a value: the word after one is its value."""
    found = {
        name
        for param in command.params
        if param.param_type_name == "option" and not param.is_flag
        for name in param.opts
    }
    return frozenset(found).union(*map(_valued, getattr(command, "commands", {}).values()))


def _usage_error(error: Exception, arguments: list[str]) -> Exception:
    """Turn Typer's usage errors into ours; return anything else as it is."""
    format_message = getattr(error, "format_message", None)
    if isinstance(error, PiooyError) or format_message is None:
        return error
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "piooy"
    if path.endswith("set-key"):
        # What was typed may be the key itself.
        return UsageError(
            "set-key does not accept the key as an argument",
            "pipe the key in, or type it at the prompt",
        )
    message = " ".join(format_message().split())
    if message.partition("No such option: -")[2][:1].isdecimal():
        return UsageError(message, "put `--` before a prompt that begins with a dash")
    if dashed := next((one for one in arguments if one.startswith(tuple(_LONG_DASHES))), None):
        option = dashed.lstrip("-" + _LONG_DASHES)
        return UsageError(message, f"{dashed} begins with a long dash; type --{option}")
    return UsageError(
        message,
        Hint(f"{path} --help".removeprefix("piooy "), sentence="for the options and arguments: {}"),
    )


def _show_version(context: Context) -> None:
    from piooy_cli import __version__

    context.output.page(f"piooy {__version__}")
