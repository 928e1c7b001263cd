"""The endpoints of the sandbox: orders, tasks, messages and files, by the contract."""

import base64
import hashlib
import json
import random
import re
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from piooy_cli.sandbox import assets, contract, outcome, shapes
from piooy_cli.sandbox.bodies import BodyRefused, json_body
from piooy_cli.sandbox.faults import OF_A_DELIVERY, OF_AN_ORDER, Chance
from piooy_cli.sandbox.fixtures.wanted import excess
from piooy_cli.sandbox.fixtures.work import Work
from piooy_cli.sandbox.fixtures.works import file_names, make_files
from piooy_cli.sandbox.limits import Refused, exceeded_limit
from piooy_cli.sandbox.options import SandboxOptions
from piooy_cli.sandbox.responses import error, limited, ok, owner_of
from piooy_cli.sandbox.store import SandboxStore, TaskRow

_DAY = 86_400
_NO_KEY = "no auth, please sign in"
_OWN_FILE = re.compile(r"/assets/([0-9a-f-]{36})/([a-z0-9.-]+)", re.ASCII)
_LONGEST_OPTION = 10_000
_MADE = 8  # files kept in memory, so that a resumed download does not generate them again


class Endpoints:
    """The API of one sandbox."""

    def __init__(self, store: SandboxStore, options: SandboxOptions, chance: Chance) -> None:
        self._store = store
        self._wishes = options
        self._chance = chance
        self._seed = options.seed or secrets.token_hex(8)
        self._made = lru_cache(_MADE)(self._make)
        self._number = store.count()

    async def preflight(self, request: Request) -> Response:
        """OPTIONS: the headers for browsers are added to every response of the contract."""
        return Response(status_code=204)

    async def openapi(self, request: Request) -> Response:
        """GET: the OpenAPI description."""
        text = Path(__file__).with_name("openapi.json").read_bytes()
        return Response(text, media_type="application/json")

    async def generate(self, request: Request) -> Response:
        """POST: an order, charged if it is accepted."""
        owner = owner_of(request, self._wishes.keys)
        if owner is None:
            return error(401, _NO_KEY)
        try:
            body = await _body(request, lambda one: contract.generate_fault(one) or excess(one))
        except BodyRefused as wrong:
            return error(wrong.status, str(wrong))
        if refused := self._refusal(owner):
            return limited(refused.seconds, refused.message)
        row = self._order(owner, body)
        request.state.charged = {"id": row.id, "owner": owner, "model": body["model"]}
        return ok({"taskId": row.id})

    async def task(self, request: Request) -> Response:
        """GET: a task's present state. `refresh=assets` renews the URLs of its files."""
        owner = owner_of(request, self._wishes.keys)
        if owner is None:
            return error(401, _NO_KEY)
        if request.query_params.get("refresh") not in (None, "1", "assets"):
            return error(400, "invalid refresh")
        row = self._store.get(request.path_params["id"])
        if row is None:
            return error(404, "task not found")
        if row.owner != owner:
            return error(403, "no permission")
        if request.query_params.get("refresh") == "assets":
            self._store.renew(row.id)
            row = row._replace(fresh=row.fresh + 1)
        return ok(self._task(row, str(request.base_url)))

    async def contact(self, request: Request) -> Response:
        """POST: a message, which is stored; no key is needed."""
        try:
            body = await _body(request, contract.contact_fault)
        except BodyRefused as wrong:
            return error(wrong.status, str(wrong))
        self._store.add_message(time.time(), body["email"], body["content"])
        return ok()

    async def messages(self, request: Request) -> Response:
        """GET: the messages received. Only the sandbox has this endpoint."""
        return ok(self._store.messages())

    async def asset(self, request: Request) -> Response:
        """GET: a file of a task that succeeded."""
        row, name = self._store.get(request.path_params["id"]), request.path_params["name"]
        if row is None or _status(row) != "SUCCESS":
            return Response("no such file", 404)
        work = self._work(row)
        found = next((one for one in file_names(work) if one.name == name), None)
        if found is None:
            return Response("no such file", 404)
        if "expired-url" in row.fate.faults and not _is_fresh(request, row):
            return Response("this address has expired", 403)
        source = row.id if "image_input" in row.request.get("options", {}) else ""
        content = await run_in_threadpool(self._made, work, name, source)
        return assets.reply(request, content, found.media_type, request.scope["piooy.faults"])

    def _refusal(self, owner: str) -> Refused | None:
        limits, now = self._wishes.limits, time.time()
        if not limits.windows and limits.concurrent is None:
            return None
        known = self._store.recent(owner, now - _DAY)
        ends = [at + one.ends for at, one in known if at + one.ends > now]
        return exceeded_limit(limits, now, [at for at, _ in known], ends)

    def _order(self, owner: str, body: dict[str, Any]) -> TaskRow:
        """Accept an order and store it."""
        faults = tuple(fault.name for fault in self._chance.happens("generate", OF_AN_ORDER))
        median = self._wishes.seconds(body["model"], body["mediaType"]) / self._wishes.speed
        while True:
            self._number += 1
            future = outcome.plan_outcome(self._seed, self._number, median, faults)
            row = TaskRow(self._id(), owner, time.time(), body, future)
            if self._store.add(row):  # another server of the same state may count as well
                return row

    def _id(self) -> str:
        """Return a new id; with a seed, the same ids in the same order."""
        if not self._wishes.seed:
            return str(uuid.uuid4())
        chance = random.Random(f"{self._seed}/id/{self._number}")
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    def _task(self, row: TaskRow, base_url: str) -> dict[str, Any]:
        request, status = row.request, _status(row)
        answer = {
            "id": row.id, "status": status, "mediaType": request["mediaType"],
            "model": request["model"], "provider": request["provider"], "taskResult": None,
        }  # fmt: skip
        match status:
            case "SUCCESS":
                answer["taskResult"] = self._result(row, base_url)
            case "FAILED":
                answer["taskResult"] = shapes.failed(request["model"])
            case _:
                answer["taskResult"] = shapes.running(self._wishes.shape, request["model"])
        return answer

    def _work(self, row: TaskRow) -> Work:
        request = row.request
        asked = json.dumps(_brief(request.get("options", {})), sort_keys=True)
        prompt = request.get("prompt", "")
        return Work(
            request["mediaType"], request["model"], prompt, asked, self._wishes.seed,
            faults=tuple(name for name in row.fate.faults if name in OF_A_DELIVERY),
        )  # fmt: skip

    def _make(self, work: Work, name: str, source: str) -> bytes:
        """Generate a file. `source`: the task whose request names a reference image."""
        row = self._store.get(source) if source else None
        seen = self._reference(row.request["options"]["image_input"]) if row else None
        return make_files(work._replace(reference=seen), name)

    def _reference(self, given: Any) -> bytes | None:
        """Return the first reference image, if it is in the request or one of our own files."""
        first = given[0] if isinstance(given, list) and given else None
        if not isinstance(first, str):
            return None
        if first.startswith("data:image/"):
            with suppress(ValueError):
                return base64.b64decode(first.partition(",")[2])
        match = _OWN_FILE.search(first)
        if match is None:
            return None
        row = self._store.get(match[1])
        names = [one.name for one in file_names(self._work(row))] if row else []
        return self._made(self._work(row), match[2], "") if row and match[2] in names else None

    def _result(self, row: TaskRow, base_url: str) -> Any:
        if "no-assets" in row.fate.faults:
            return {"status": "completed", "results": []}
        work = self._work(row)
        tail = f"?v={row.fresh}" if row.fresh else ""
        urls = [f"{base_url}assets/{row.id}/{one.name}{tail}" for one in file_names(work)]
        cover = urls.pop() if work.has_cover else ""
        kind = {"video": "video", "music": "audio"}.get(work.media, "image")
        media = shapes.ShapedMedia(tuple(urls), cover, kind, work.model, work.prompt)
        return shapes.shape(self._wishes.shape or shapes.fitting(work.media), media)


async def _body(request: Request, fault_of: Callable[[Any], str | None]) -> Any:
    """Return the JSON of a valid request. Raises BodyRefused."""
    body = await json_body(request)
    if fault := fault_of(body):
        raise BodyRefused(fault)
    return body


def _brief(value: Any) -> Any:
    """Return options with a digest in place of inline files, so that no cache keeps those."""
    if isinstance(value, dict):
        return {name: _brief(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_brief(one) for one in value]
    if isinstance(value, str) and len(value) > _LONGEST_OPTION:
        return hashlib.sha256(value.encode()).hexdigest()
    return value


def _status(row: TaskRow) -> str:
    return row.fate.status(time.time() - row.accepted)


def _is_fresh(request: Request, row: TaskRow) -> bool:
    """Whether a URL was renewed last, and has not expired."""
    return row.fresh > 0 and request.query_params.get("v") == str(row.fresh)
