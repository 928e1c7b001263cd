"""Limits and ownership of the sandbox, as a machine of states: whatever users do, in any order."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from piooy_cli.sandbox.limits import parse_limits

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have another HTTP client
    from starlette.testclient import TestClient

from piooy_cli.sandbox.app import sandbox_application
from piooy_cli.sandbox.options import SandboxOptions

USERS = st.sampled_from(["ann", "ben", "cleo"])
A_MINUTE, AT_ONCE = 6, 4
ORDER = {"provider": "p", "mediaType": "image", "model": "m", "scene": "text-to-image", "prompt": "x"}  # fmt: skip


class Users(RuleBasedStateMachine):
    """Three users of one sandbox, where no task ever ends."""

    tasks = Bundle("tasks")

    def __init__(self):
        super().__init__()
        self.place = TemporaryDirectory()
        limits = parse_limits(f"{A_MINUTE}/min,{AT_ONCE}/concurrent")
        app = sandbox_application(
            Path(self.place.name) / "s", SandboxOptions(speed=1e-6, limits=limits)
        )
        self.client = TestClient(app, base_url="http://127.0.0.1")
        self.owned = {"ann": 0, "ben": 0, "cleo": 0}

    def teardown(self):
        """Leave nothing."""
        self.client.close()
        self.place.cleanup()

    def headers(self, user):
        """A user is a key."""
        return {"authorization": f"Bearer {user}"}

    @rule(target=tasks, user=USERS)
    def order(self, user):
        """Taken below the limit, refused above it, with Retry-After."""
        answer = self.client.post("/api/v1/generate", json=ORDER, headers=self.headers(user))
        if self.owned[user] < AT_ONCE:
            assert answer.status_code == 200
            self.owned[user] += 1
            return user, answer.json()["data"]["taskId"]
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
        return user, "never-taken"

    @rule(task=tasks, user=USERS, refresh=st.sampled_from(["", "?refresh=1", "?refresh=assets"]))
    def look(self, task, user, refresh):
        """200 for its owner, 403 for another user, 404 where there is none."""
        owner, task_id = task
        answer = self.client.get(f"/api/v1/task/{task_id}{refresh}", headers=self.headers(user))
        wanted = 404 if task_id == "never-taken" else 200 if user == owner else 403
        assert answer.status_code == wanted

    @rule(task=tasks)
    def nobody(self, task):
        """Without a key there is nothing to see."""
        assert self.client.get(f"/api/v1/task/{task[1]}").status_code == 401
        assert self.client.post("/api/v1/generate", json=ORDER).status_code == 401

    @rule(user=USERS)
    def mistake(self, user):
        """What is refused counts for no limit."""
        bad = self.client.post("/api/v1/generate", json={}, headers=self.headers(user))
        assert bad.status_code == 400

    @invariant()
    def nobody_has_more_than_is_allowed(self):
        """At any time."""
        assert all(count <= AT_ONCE for count in self.owned.values())


TestUsers = Users.TestCase
TestUsers.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
