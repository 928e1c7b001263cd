"""Order, Task, Asset and their enums: immutable data that every package shares, no I/O."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from piooy_cli.domain.delivery import Delivery
from piooy_cli.domain.errors import UsageError

_NOTHING: Mapping[str, Any] = MappingProxyType({})
TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)


class MediaType(StrEnum):
    """What can be generated; the API's `mediaType`."""

    IMAGE = "image"
    VIDEO = "video"
    MUSIC = "music"
    CHARACTER = "character"


class Kind(StrEnum):
    """What a file is."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    OTHER = "other"


class Role(StrEnum):
    """What a file is for: the thing itself, or a picture of it."""

    RESULT = "result"
    COVER = "cover"


class TaskStatus(StrEnum):
    """The statuses that are known of a task. The service may say others, which count as running."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    SUCCEEDED = "SUCCEEDED"
    SUCCEED = "SUCCEED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    FAIL = "FAIL"
    ERROR = "ERROR"
    CANCELED = "CANCELED"
    CANCELLED = "CANCELLED"
    ABORTED = "ABORTED"
    FAILURE = "FAILURE"
    EXPIRED = "EXPIRED"
    TIMEOUT = "TIMEOUT"
    TIMED_OUT = "TIMED_OUT"
    REJECTED = "REJECTED"
    DECLINED = "DECLINED"
    BANNED = "BANNED"
    BLOCKED = "BLOCKED"
    CONTENT_MODERATED = "CONTENT_MODERATED"
    NSFW = "NSFW"


SUCCEEDED = frozenset(
    {TaskStatus.SUCCESS, TaskStatus.SUCCEEDED, TaskStatus.SUCCEED, TaskStatus.COMPLETED}
)
RUNNING = frozenset(list(TaskStatus)[: list(TaskStatus).index(TaskStatus.SUCCESS)])
FAILED = frozenset(TaskStatus) - SUCCEEDED - RUNNING


class OrderState(StrEnum):
    """What is known of an order's charge."""

    PLANNED = "PLANNED"
    SENDING = "SENDING"
    SUBMITTED = "SUBMITTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    WRITTEN_OFF = "WRITTEN_OFF"


class Order(NamedTuple):
    """One request that a person asked for: what the contract's POST carries, and its tags."""

    media: MediaType
    scene: str
    provider: str
    model: str
    prompt: str = ""
    options: Mapping[str, Any] = MappingProxyType({})
    tags: Mapping[str, str] = MappingProxyType({})

    @property
    def size(self) -> str:
        """What decides, beside the model, how long it takes."""
        return size_label(self.options)

    def to_dict(self) -> dict[str, Any]:
        """The contract's `GenerateRequest`; prompt and options only where there are any."""
        fields = {
            "provider": self.provider,
            "mediaType": str(self.media),
            "model": self.model,
            "scene": self.scene,
        }
        others = {"prompt": self.prompt, "options": dict(self.options)}
        return fields | {name: value for name, value in others.items() if value}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Order":
        """The order that `to_dict` wrote."""
        return cls(
            MediaType(fields["mediaType"]), fields["scene"], fields["provider"], fields["model"],
            fields.get("prompt", ""), fields.get("options", {}),
        )  # fmt: skip


class RowKey(NamedTuple):
    """Which row of which batch an order is for. `spec`: a digest of all that the row asks for.

    `attempt` counts from 1: one more each time that the user has a failed row sent again.
    """

    batch: str
    row: str
    spec: bytes
    attempt: int = 1


class Asset(NamedTuple):
    """One file of a task. `n` counts from 1, results before covers.

    `guessed_at`: where it was found, if under a key that is not known to hold results.
    """

    n: int
    url: str
    kind: Kind
    role: Role = Role.RESULT
    guessed_at: str = ""


class Failure(NamedTuple):
    """Why a task failed, in the service's words."""

    code: str | None
    message: str | None


class Task(NamedTuple):
    """A task as last seen. `status` is the API's word in upper case.

    `accepted_at`: when the service accepted it, if this machine sent it. `took`: seconds from then
    to its end, if it was polled. `size`: resolution and duration, as far as known. `ref` names an
    order in the ledger that has no task; `raw` is the API's data.
    """

    id: str
    status: str = TaskStatus.PENDING
    media: str | None = None
    scene: str | None = None
    provider: str | None = None
    model: str | None = None
    prompt: str | None = None
    options: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = MappingProxyType({})
    created_at: datetime | None = None
    settled_at: datetime | None = None
    accepted_at: datetime | None = None
    took: float | None = None
    size: str = ""
    failure: Failure | None = None
    assets: tuple[Asset, ...] = ()
    ref: str | None = None
    raw: Mapping[str, Any] = _NOTHING

    @property
    def succeeded(self) -> bool:
        """Whether the task ended with media."""
        return self.status in SUCCEEDED

    @property
    def failed(self) -> bool:
        """Whether the task ended without media."""
        return self.status in FAILED

    @property
    def is_settled(self) -> bool:
        """Whether the task has ended. An unknown status counts as still running."""
        return self.succeeded or self.failed


class ResumeInfo(NamedTuple):
    """What is known about a file that has partly arrived, so that the same bytes are resumed.

    `address`: a digest of where it came from; `etag`: a strong one; `length`: of the whole.
    """

    path: str
    address: str
    etag: str
    length: int


class SavedFile(NamedTuple):
    """An asset on disk, whole. `arrived`: the digest of what came, if a recipe was added to it."""

    task: Task
    asset: Asset
    path: str
    bytes: int
    sha256: str
    already_there: bool = False
    arrived: str | None = None
    delivery: Delivery | None = None


def size_label(options: Mapping[str, Any] | None) -> str:
    """Return the options that a run's duration depends on, as text: `2k`, `1080p 8s`."""
    known = options or {}
    named = next((known[key] for key in ("resolution", "quality", "size") if known.get(key)), "")
    words = [str(named)[:16].lower()] if isinstance(named, str | int) else []
    seconds = str(known.get("duration") or "").removesuffix(".0")[:8]
    return " ".join(word for word in (*words, f"{seconds}s" if seconds else "") if word)


def is_task_id(text: str) -> bool:
    """Whether `text` can be a task id; nothing else is ever put into a URL."""
    return TASK_ID.fullmatch(text) is not None


def check_task_id(ref: str) -> str:
    """Return `ref`. Raises UsageError if it cannot be a task id."""
    if is_task_id(ref):
        return ref
    raise UsageError(
        f"{ref[:80]!r} is not a task id", "a task id has at most 128 letters, digits, - and _"
    )
