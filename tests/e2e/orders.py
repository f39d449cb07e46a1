"""Batches ordered over the API, for tests of what their pages show."""

import json
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import httpx

PATIENCE_SECONDS = 60
FINAL = {"completed", "failed", "cancelled"}


def client_of(url: str, cookie: str) -> httpx.Client:
    """Talks to the API as the signed-in user."""
    return httpx.Client(base_url=url, headers={"Origin": url}, cookies={"sid": cookie}, trust_env=False, timeout=60)


def order(client: httpx.Client, photos: Sequence[Path], references: Sequence[Path] = (), **wish: str) -> int:
    """A new batch of these photos; its id."""
    parts = [*(("images", photo) for photo in photos), *(("reference_images", photo) for photo in references)]
    files = [(part, (photo.name, photo.read_bytes(), "image/jpeg")) for part, photo in parts]
    answer = client.post("/api/batch/queues", data={"prompt": "make it blue", **wish}, files=files)
    answer.raise_for_status()
    return int(answer.json()["id"])


def tasks_of(client: httpx.Client, queue_id: int) -> list[dict[str, Any]]:
    found = client.get(f"/api/batch/queues/{queue_id}/tasks", params={"limit": 100})
    return list(found.json()["items"])


def ended(client: httpx.Client, queue_id: int, *, at: Collection[str] = FINAL) -> dict[str, Any]:
    """The batch once it has ended, or is `at` one of these; listens to its changes, for a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    with client.stream("GET", f"/api/batch/queues/{queue_id}/events") as stream:
        event = ""
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event == "queue":
                queue: dict[str, Any] = json.loads(value)
                if queue["status"] in at:
                    return queue
            if time.monotonic() > until:  # a quiet stream has a line every few seconds, too
                break
    raise AssertionError(f"batch {queue_id} did not come to {sorted(at)}")
