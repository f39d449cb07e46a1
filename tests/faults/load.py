"""Users who order, cancel, pause, retry and edit, through whichever server answers; and what they were promised."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.fakes.pictures import jpeg
from tests.faults.fleet import Fleet, Member
from tests.processes import PASSWORD

WIDTH = 64
ANSWER_SECONDS = 30.0
AGAIN = (500, 503, 429)
"""Answers after which a client asks once more."""


@dataclass(slots=True)
class User:
    """One of those who order, with images of theirs that are there: ids, by width."""

    name: str
    token: str
    images: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Promise:
    """A batch that was ordered: under which key, by whom, and when a cancel of it was answered."""

    key: str
    user: User
    images: int
    queue_id: int | None = None
    answers: set[int] = field(default_factory=set)
    cancelled_at: float | None = None


class Load:
    """Orders at random, by `rng`'s luck, until `stop`; every request goes on until some server has answered it."""

    def __init__(self, fleet: Fleet, rng: random.Random, *, users: int = 3, images: int = 6) -> None:
        self.fleet, self.rng = fleet, rng
        self.promises: list[Promise] = []
        self.users: list[User] = []
        self._count, self._images, self._edits = users, images, 0
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)
        self._admin = ""

    async def __aenter__(self) -> Self:
        self._admin = await self._token("admin")
        for number in range(self._count):
            self.users.append(await self._user(f"user-{number}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def order(
        self,
        user: User | None = None,
        images: int | None = None,
        *,
        twice: bool = False,
        member: Member | None = None,
        **fields: object,
    ) -> Promise:
        """Make a batch, surely: the same key is sent until there is an answer (of `member`, or of any); `twice` sends it
        once more after that."""
        user = user or self.rng.choice(self.users)
        images = images or self.rng.randint(1, self._images)
        promise = Promise(f"b{len(self.promises)}", user, images)
        self.promises.append(promise)
        body = {"image_ids": user.images[:images], "prompt": f"{promise.key} please", **fields}
        for _ in range(2 if twice else 1):
            key = {"Idempotency-Key": promise.key}
            answer = await self.ask(user.token, "POST", "/api/batch/queues", member=member, json=body, headers=key)
            assert answer.status_code == 201, answer.text
            promise.answers.add(int(answer.json()["id"]))
        promise.queue_id = min(promise.answers)
        return promise

    async def run(self, seconds: float, *, backlog: int = 30) -> None:
        """Order and meddle for so long; no new batch while so many images wait."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if await self._waiting() < backlog:
                await self.order(twice=self.rng.random() < 0.1)
            await self.meddle()

    async def _waiting(self) -> int:
        health = await self.ask("", "GET", "/api/health")
        return int(health.json()["dispatcher"]["pending"])

    async def meddle(self) -> None:
        """What people do to batches: mostly nothing."""
        made = [p for p in self.promises if p.queue_id is not None]
        if not made:
            return
        promise = self.rng.choice(made[-12:])
        act = self.rng.choices(["nothing", "cancel", "pause", "retry", "edit"], [60, 8, 8, 12, 12])[0]
        base = f"/api/batch/queues/{promise.queue_id}"
        match act:
            case "cancel":
                answer = await self.ask(promise.user.token, "POST", f"{base}/cancel")
                if answer.status_code == 200 and promise.cancelled_at is None:
                    promise.cancelled_at = time.monotonic()
            case "pause":
                if (await self.ask(promise.user.token, "POST", f"{base}/pause")).status_code == 200:
                    await asyncio.sleep(self.rng.uniform(0.05, 0.3))
                    await self.ask(promise.user.token, "POST", f"{base}/resume")
            case "retry" if promise.cancelled_at is None:
                await self.ask(promise.user.token, "POST", f"{base}/retry")
            case "edit" if promise.cancelled_at is None:
                await self._edit(promise)

    async def _edit(self, promise: Promise) -> None:
        tasks = await self.ask(promise.user.token, "GET", f"/api/batch/queues/{promise.queue_id}/tasks?limit=100")
        done = [task for task in tasks.json()["items"] if task["status"] == "completed"]
        if done:
            path = f"/api/batch/tasks/{self.rng.choice(done)['id']}/edit"
            self._edits += 1
            body, key = (
                {"prompt": f"e{self._edits} again", "source": "original"},
                {"Idempotency-Key": f"e{self._edits}"},
            )
            for _ in range(2 if self.rng.random() < 0.1 else 1):
                await self.ask(promise.user.token, "POST", path, json=body, headers=key)

    async def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        """An administrator's request."""
        return await self.ask(self._admin, method, f"/api/admin{path}", **more)

    async def ask(
        self, token: str, method: str, path: str, *, member: Member | None = None, **more: Any
    ) -> httpx.Response:
        """The answer of `member`, or of any; asked again while nobody answers, or answers that it cannot now."""
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | more.pop("headers", {})
        async with asyncio.timeout(120):
            while True:
                server = member or self.fleet.some(self.rng)
                with suppress(httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError):
                    answer = await self._client.request(method, server.url + path, headers=headers, **more)
                    if answer.status_code not in AGAIN and not _under_way(answer):
                        return answer
                await asyncio.sleep(0.05)

    async def listen(self, user: User, member: Member) -> None:
        """A page of `user` at `member` with its live events, until the server ends."""
        headers = {"Authorization": f"Bearer {user.token}"}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS) as client,
            client.stream("GET", member.url + "/api/batch/events", headers=headers) as answer,
        ):
            async for _ in answer.aiter_raw():
                pass

    async def until_ended(self, seconds: float) -> Sequence[dict[str, Any]]:
        """All batches, once every one of them has ended. Raises TimeoutError naming those that have not."""
        left = [p for p in self.promises if p.queue_id is not None]
        found = []
        until = time.monotonic() + seconds
        while left:
            promise = left[0]
            answer = await self.ask(promise.user.token, "GET", f"/api/batch/queues/{promise.queue_id}")
            queue = answer.json()
            if answer.status_code == 404 or queue["status"] in ("completed", "failed", "cancelled"):
                found.append(queue)
                left.pop(0)
            elif queue["status"] == "paused":
                await self.ask(promise.user.token, "POST", f"/api/batch/queues/{promise.queue_id}/resume")
            elif time.monotonic() > until:
                raise TimeoutError(f"not ended: {queue}")
            else:
                await asyncio.sleep(0.1)
        return found

    async def _user(self, name: str) -> User:
        account = {"username": name, "password": PASSWORD}
        await self._client.post(self.fleet.members[0].url + "/api/auth/register", json=account)
        user = User(name, await self._token(name))
        listed = await self.admin("GET", "/users?limit=100")
        user_id = next(each["id"] for each in listed.json()["items"] if each["username"] == name)
        await self.admin("POST", f"/users/{user_id}/credits", json={"delta": 100_000, "note": "for the test"})
        for number in range(self._images):
            files = {"file": (f"{name}-{number}.jpg", jpeg(WIDTH + number, 48), "image/jpeg")}
            answer = await self.ask(user.token, "POST", "/api/batch/images", files=files)
            user.images.append(int(answer.json()["id"]))
        return user

    async def _token(self, name: str) -> str:
        form = {"username": name, "password": PASSWORD}
        answer = await self._client.post(self.fleet.members[0].url + "/api/auth/token", data=form)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


def _under_way(answer: httpx.Response) -> bool:
    """Whether the first request with this key has not ended yet, as far as the server knows."""
    return answer.status_code == 409 and answer.json()["code"] == "idempotency_in_progress"
