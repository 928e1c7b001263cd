"""Assets: where they were saved, and the part files of unfinished downloads."""

import time
from pathlib import Path

from piooy_cli.domain.models import ResumeInfo, SavedFile
from piooy_cli.domain.records import stored_json
from piooy_cli.ledger.sqlite.database import Database, path_from_text, path_to_text

_OF_TASK = "n = ? and order_id = (select id from orders where task_id = ?)"


class Assets(Database):
    """The part of the store that records files."""

    def record_file(self, file: SavedFile) -> None:
        """Record where an asset was saved, its size, its SHA-256, and what was delivered."""
        path, n = path_to_text(str(Path(file.path).absolute())), file.asset.n
        delivered = stored_json(file.delivery.to_dict()) if file.delivery else None
        with self.commits.deferred() as connection:
            connection.execute(
                "update assets set path = ?, bytes = ?, sha256 = ?, saved = ?, delivered = ?,"
                f" part = null, arrived = coalesce(?, arrived) where {_OF_TASK}",
                (
                    path,
                    file.bytes,
                    file.sha256,
                    time.time(),
                    delivered,
                    file.arrived,
                    n,
                    file.task.id,
                ),
            )

    def resume_info(self, task_id: str, n: int) -> ResumeInfo | None:
        """Return the part file of an asset, if there is one."""
        query = (
            f"select part, address, etag, length from assets where part is not null and {_OF_TASK}"
        )
        found = self.read(query, n, task_id)
        return ResumeInfo(path_from_text(found[0]["part"]), *found[0][1:]) if found else None

    def save_resume_info(self, task_id: str, n: int, info: ResumeInfo) -> None:
        """Record the part file of an asset."""
        with self.commits.deferred() as connection:
            connection.execute(
                f"update assets set part = ?, address = ?, etag = ?, length = ? where {_OF_TASK}",
                (path_to_text(info.path), *info[1:], n, task_id),
            )

    def delete_resume_info(self, task_id: str, n: int) -> None:
        """Delete the record of a part file: its bytes must not be reused."""
        with self.commits.deferred() as connection:
            connection.execute(f"update assets set part = null where {_OF_TASK}", (n, task_id))

    def saved_file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Return where an asset was saved, and its SHA-256."""
        query = f"select path, sha256 from assets where path is not null and {_OF_TASK}"
        found = self.read(query, n, task_id)
        return (path_from_text(found[0]["path"]), found[0]["sha256"]) if found else None
