"""Count what one command enters: functions, modules, and calls from one module into another.

    python tools/trace.py generate image -m nano-banana-pro fox
    python tools/trace.py batch rows.txt -m nano-banana-pro

The command runs in the in-process sandbox, whose own code is left out, with its files and state in
a temporary directory. Module bodies and class bodies are imports, not the path of a call, and are
not counted. `--list` prints the modules, `--pairs` the crossings by pair of modules.
"""

import os
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

PACKAGE = Path(__file__).parent.parent / "piooy_cli"
_BODIES = ("<module>", "<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>")


class Trace:
    """What was called, and from where."""

    def __init__(self) -> None:
        self.functions: set[CodeType] = set()
        self.modules: set[str] = set()
        self.crossings: Counter[tuple[str, str]] = Counter()
        self._known: dict[CodeType, str | None] = {}
        self._started: set[FrameType] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """The profile function of the interpreter."""
        if event != "call" or (module := self._module(frame.f_code)) is None:
            return
        if frame.f_lasti > 2 and frame.f_code.co_flags & 0x2A0:  # a coroutine or generator goes on
            return
        self.functions.add(frame.f_code)
        self.modules.add(module)
        caller = self._caller(frame)
        if caller and caller != module:
            self.crossings[caller, module] += 1

    def _caller(self, frame: FrameType) -> str | None:
        """The module of the nearest caller that is ours."""
        outer = frame.f_back
        while outer:
            if module := self._module(outer.f_code):
                return module
            outer = outer.f_back
        return None

    def _module(self, code: CodeType) -> str | None:
        if code not in self._known:
            self._known[code] = _module_of(code)
        return self._known[code]


def _module_of(code: CodeType) -> str | None:
    """Its path below the package; None where it is not ours, the sandbox's, or a body."""
    if code.co_name in _BODIES or not code.co_flags & 0x02:  # bodies of classes have no fast locals
        return None
    path = Path(code.co_filename)
    if not path.is_relative_to(PACKAGE):
        return None
    name = path.relative_to(PACKAGE).as_posix()
    return None if name.startswith("sandbox/") else name


def main(arguments: list[str]) -> int:
    """Trace one command line."""
    shown = {name for name in ("--list", "--pairs") if name in arguments}
    words = [word for word in arguments if word not in shown]
    sys.path.insert(0, str(PACKAGE.parent))
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"PIOOY_STATE_DIR": f"{place}/state", "PIOOY_CONFIG_DIR": f"{place}/config"}
        words = [os.path.abspath(word) if Path(word).is_file() else word for word in words]  # noqa: PTH100
        os.chdir(place)
        trace = _traced(["--sandbox", *words])
    print(f"{len(trace.functions)} functions, {len(trace.modules)} modules,"
          f" {trace.crossings.total()} crossings", file=sys.stderr)  # fmt: skip
    if "--list" in shown:
        print("\n".join(sorted(trace.modules)))
    for (caller, called), count in trace.crossings.most_common() if "--pairs" in shown else ():
        print(f"{count:5} {caller} -> {called}")
    return 0


def _traced(words: list[str]) -> Trace:
    from piooy_cli.__main__ import main as piooy

    trace = Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        code = piooy(words)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    if code:
        sys.exit(f"the command ended with {code}")
    return trace


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
