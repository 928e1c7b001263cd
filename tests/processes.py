"""Real processes to run piooy in: a shell, a process that continues, a terminal."""

import os
import pty
import select
import subprocess
import sys
import time

import pyte

PIOOY = [sys.executable, "-m", "piooy_cli"]


# What makes `piooy` the program under test, in a shell.
DEFINE = f'piooy() {{ "{sys.executable}" -m piooy_cli "$@"; }}\n'


def shell(script, **environ):
    """A shell where `piooy` is the program under test."""
    return subprocess.run(
        ["bash", "-c", DEFINE + script],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environ,
        check=False,
    )


def start(*arguments, **how):
    """A process that runs on."""
    return subprocess.Popen(
        [*PIOOY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


def wait_for(condition, seconds=10):
    """Until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments, program=PIOOY, columns=80, rows=24, stdout=None, **environ):
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        settings = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)} | environ
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(settings)
            if stdout:
                os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
            os.execvp(program[0], [*program, *arguments])

    def read(self, seconds=0.0):
        """Take what is there, for so long."""
        end = time.monotonic() + seconds
        while select.select([self._fd], [], [], max(end - time.monotonic(), 0.01))[0]:
            try:
                chunk = os.read(self._fd, 65536)
            except OSError:
                return False
            if not chunk:
                return False
            self.bytes += chunk
            self._stream.feed(chunk)
        return True

    def until(self, text, seconds=15):
        """Read until `text` is on the screen."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert self.read(0.05) or text in self.text, self.text
            assert time.monotonic() < end, self.text

    def end(self):
        """Its exit code."""
        while self.read(0.2):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def send(self, data):
        """Type."""
        os.write(self._fd, data)

    @property
    def text(self):
        """The screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip()
