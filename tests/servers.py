"""Answers of the API for bad days, and small reading helpers for raw sockets."""

import json
import uuid
from typing import Any

from werkzeug.wrappers import Response

TASK = "0b9e7f6a-1111-4222-8333-444455556666"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xdc\xccY\xe7\x00\x00\x00\x00IEND\xaeB`\x82"
)


def accepted(task_id: str = TASK) -> dict[str, Any]:
    """The answer to an order."""
    return {"code": 0, "message": "ok", "data": {"taskId": task_id}}


def task(status: str = "SUCCESS", result: Any = None, **more: Any) -> dict[str, Any]:
    """The answer to a look."""
    data = {"id": TASK, "status": status, "mediaType": "image", "model": "m", "provider": "p"}
    return {"code": 0, "message": "ok", "data": data | {"taskResult": result} | more}


def expect_order(api: Any, answer: Any = None, **how: Any) -> None:
    """The server takes an order with this answer."""
    handler = api.expect_request("/api/v1/generate", method="POST")
    if "response_data" in how:
        handler.respond_with_data(**how)
    elif answer is None:
        handler.respond_with_handler(_new_task(iter([TASK])))
    else:
        handler.respond_with_json(answer, **how)


def _new_task(first: Any) -> Any:
    """Accepts each order with an id of its own, the first one with `TASK`."""
    return lambda request: Response(json.dumps(accepted(next(first, None) or str(uuid.uuid4()))))


def expect_look(api: Any, *answers: Any, task_id: str = TASK) -> None:
    """The server answers polls with these, the last one for ever."""
    queue = list(answers)

    def look(request: Any) -> Any:
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Response):
            return answer
        return Response(json.dumps(answer), content_type="application/json")

    api.expect_request(f"/api/v1/task/{task_id}", method="GET").respond_with_handler(look)


def orders(api: Any) -> list[dict[str, Any]]:
    """The bodies of all orders that arrived."""
    return [request.get_json() for request, _ in api.log if request.method == "POST"]


def read_request(connection: Any) -> bytes:
    """Read one whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        more = _received(connection)
        data, body = data + more, body + more
    return data


def _received(connection: Any) -> bytes:
    """What comes next; a peer that has gone sends nothing more, for ever."""
    if chunk := connection.recv(65536):
        return chunk
    raise ConnectionError("the peer has gone")


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
