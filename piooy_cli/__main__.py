"""The entry point: runs a command, and turns errors into a message and an exit code."""

import os
import sys

from piooy_cli import __version__

TYPE_CHECKING = False  # as in typing, which costs 2 ms to import
if TYPE_CHECKING:
    from typing import NoReturn

    from piooy_cli.app.context import Context
    from piooy_cli.domain.errors import PiooyError


def run() -> "NoReturn":
    """Run `main`, and exit at once.

    Tearing down hundreds of modules costs more than `--version` itself. Everything that has to
    last is on disk by then; a thread that still reads stdin is left behind.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or 13
    os._exit(code)


def main(arguments: list[str] | None = None, context: "Context | None" = None) -> int:
    """Run one command line; return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments == ["--version"]:
            # Before any writer exists: it costs what Python costs.
            print(f"piooy {__version__}", flush=True)  # noqa: T201
            return 0
        return _call(arguments, context)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 141
    except OSError as error:
        return _unwritable(error)


def _call(arguments: list[str], context: "Context | None") -> int:
    import gc

    gc.set_threshold(50_000)  # imports allocate much and free little: 4 % of a short run

    from piooy_cli.app.context import Context
    from piooy_cli.domain.errors import PiooyError

    context = context or Context()
    try:
        code = _command(arguments, context)
        context.close()
    except PiooyError as error:
        return _end(context, error)
    except OSError as error:
        if error.filename is None:  # of a stream: Typer prints help by itself
            raise
        return _bug(context, error)
    except Exception as bug:  # noqa: BLE001 - reported as an internal error, without the key
        return _bug(context, bug)
    return code


def _bug(context: "Context", bug: Exception) -> int:
    from piooy_cli.domain.errors import PiooyError

    hint = "run the same command with --debug to see where"
    return _end(
        context,
        PiooyError(f"internal error ({type(bug).__name__}: {bug}); please report it", hint),
        bug,
    )


def _command(arguments: list[str], context: "Context") -> int:
    from piooy_cli.cli.app import call

    return call(arguments, context)


def _end(context: "Context", error: "PiooyError", bug: Exception | None = None) -> int:
    if error.code == 141:
        _forget_stdout()
        return error.code
    trace = ""
    if context.options.debug:
        import traceback

        trace = "".join(traceback.format_exception(bug or error))
    context.output.error(error, trace)
    return error.code


def _unwritable(error: OSError) -> int:
    """Report that help or version could not be printed."""
    _forget_stdout()
    print(f"piooy: error: cannot write: {error.strerror}", file=sys.stderr)  # noqa: T201
    return 13


def _forget_stdout() -> None:
    """Keep Python from reporting a closed pipe when it flushes stdout at exit."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    run()
