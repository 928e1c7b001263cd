"""The neighbours: where each is installed, its nearest commands, and a shim for muapi's API."""

import json
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PACKAGES = {
    "muapi": "muapi-cli", "comfy": "comfy-cli", "hf": "huggingface_hub", "http": "httpie",
    "llm": "llm", "gallery-dl": "gallery-dl",
}  # fmt: skip


def installed(place: Path) -> dict[str, str]:
    """Each program, in an environment of its own below `place`; gh, where the system has it."""
    programs = {}
    for name, package in PACKAGES.items():
        environment = place / package
        if not (environment / "bin" / name).exists():
            subprocess.run([sys.executable, "-m", "venv", environment], check=True)
            install = [environment / "bin" / "python", "-m", "pip", "install", "-q", package]
            subprocess.run(install, check=True)
        programs[name] = str(environment / "bin" / name)
    if gh := shutil.which("gh"):
        programs["gh"] = gh
    return programs


def commands(programs: dict[str, str], task: str, url: str, key: str) -> dict[str, list[list[str]]]:
    """The nearest command of each, by what it does."""
    muapi, http, llm = programs["muapi"], programs["http"], programs["llm"]
    bearer = f"Authorization:Bearer {key}"
    kinds = {
        "--version": [[path, "--version"] for path in programs.values()],
        "--help": [[path, "--help"] for path in programs.values()],
        "config get": [[muapi, "config", "list"], [llm, "keys", "path"]],
        "history": [[llm, "logs", "list"]],
        "task ID": [
            [muapi, "predict", "result", task],
            [http, "--ignore-stdin", "GET", f"{url}/api/v1/task/{task}", bearer],
        ],
        "generate --no-wait": [
            [muapi, "image", "generate", "-m", "nano-banana", "--no-wait", "x"],
            [http, "--ignore-stdin", "POST", f"{url}/api/v1/generate", bearer, "provider=evolink",
             "mediaType=image", "model=x", "scene=text-to-image", "prompt=x"],
        ],
    }  # fmt: skip
    if gh := programs.get("gh"):
        kinds["config get"].append([gh, "config", "get", "editor"])
    return kinds


def shim(url: str, key: str) -> ThreadingHTTPServer:
    """A server that takes muapi's requests and hands each on to the sandbox, one by one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            order = {"provider": "evolink", "mediaType": "image", "model": "x",
                     "scene": "text-to-image", "prompt": "x"}  # fmt: skip
            answer = self._asked("/api/v1/generate", json.dumps(order).encode())
            self._say({"request_id": answer["data"]["taskId"], "status": "processing"})

        def do_GET(self) -> None:
            answer = self._asked("/api/v1/task/" + self.path.split("/")[-2], None)
            self._say({"status": answer["data"]["status"].lower(), "outputs": []})

        def _asked(self, path: str, body: bytes | None) -> dict:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            with urllib.request.urlopen(urllib.request.Request(url + path, body, headers)) as got:
                return json.load(got)

        def _say(self, answer: dict) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
