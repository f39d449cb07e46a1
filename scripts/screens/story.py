"""What the pictures show: a small studio, its batches of the last weeks, one of them under way."""

import io
import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageOps

from tests.e2e.server import ADMIN_PASSWORD

PASSWORD = "a long enough phrase"
PEOPLE = ["林小满", "chen.yu", "studio-north"]
EARLIER = [
    ("夏季新品", "提亮,校正白平衡", 9),
    ("Autumn catalogue", "brighter, more contrast", 6),
    ("湖边写生", "增强清晰度", 6),
    ("证件照", "提亮肤色", 4),
]
"""Name, prompt and number of images; quick work, because there is much of it."""
NOW = [("Lake at dusk", "oil painting, thick brush strokes", 6), ("夏季新品", "水彩画风,留白通透", 9)]
ERRORS = ["upstream_timeout"] * 5 + ["safety_blocked"] * 3 + ["no_image_returned"] * 2 + ["upstream_rate_limited"]
EDGE = 720
MOST_SECONDS = 600


def photos(samples: Path, count: int) -> list[tuple[str, bytes]]:
    """So many photos, each another cut or mirror image of one of the samples; names as cameras give them."""
    sources = [Image.open(path).convert("RGB") for path in sorted(samples.glob("*.jpg"))]
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        luck = random.Random(number)
        part = 1 - 0.3 * luck.random() * (number >= len(sources))
        width, height = int(source.width * part), int(source.height * part)
        left, top = (
            int((whole - kept) * luck.random()) for whole, kept in zip(source.size, (width, height), strict=True)
        )
        cut = source.crop((left, top, left + width, top + height))
        cut.thumbnail((EDGE, EDGE))
        file = io.BytesIO()
        (ImageOps.mirror(cut) if number % 2 else cut).save(file, "JPEG", quality=88)
        made.append((f"IMG_{2041 + number}.jpg", file.getvalue()))
    return made


class Teller:
    """Tells the story to a running service whose database is `database`."""

    def __init__(self, url: str, database: Path, samples: Path) -> None:
        self.url, self.database = url, database
        self.photos = photos(samples, 12)

    def tell(self) -> tuple[str, str]:
        """The session cookies of a user and of the administrator, once everything has happened."""
        admin = self.client("admin", ADMIN_PASSWORD)
        admin.put("/api/admin/config", json={"signup_credits": 600, "concurrency": 4}).raise_for_status()
        people = [self.register(name) for name in PEOPLE]
        for number, (name, prompt, count) in enumerate(EARLIER * 2):
            self.order(people[number % len(people)], name, prompt, count)
        self.wait(admin)
        self.remember()
        for name, prompt, count in NOW:
            self.order(people[0], name, prompt, count)
        self.wait(admin)
        users = admin.get("/api/admin/users").json()["items"]
        gift = {"delta": 200, "note": "for the autumn catalogue"}
        admin.post(f"/api/admin/users/{users[0]['id']}/credits", json=gift).raise_for_status()
        people[0].post("/api/auth/tokens", json={"name": "nightly catalogue", "expires_in_days": 90}).raise_for_status()
        own = {"provider": "openai-images", "base_url": "https://api.openai.com/v1", "model": "gpt-image-2"}
        people[1].put("/api/auth/upstream", json={**own, "api_key": "sk-not-a-real-key-7f3a"}).raise_for_status()
        return people[0].cookies["sid"], admin.cookies["sid"]

    def register(self, username: str) -> httpx.Client:
        client = httpx.Client(base_url=self.url, headers={"Origin": self.url}, trust_env=False, timeout=60)
        client.post("/api/auth/register", json={"username": username, "password": PASSWORD}).raise_for_status()
        return self.client(username, PASSWORD)

    def client(self, username: str, password: str) -> httpx.Client:
        agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/141.0 Safari/537.36"
        headers = {"Origin": self.url, "User-Agent": agent}
        client = httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)
        client.post("/api/auth/session", json={"username": username, "password": password}).raise_for_status()
        return client

    def order(self, client: httpx.Client, name: str, prompt: str, count: int) -> int:
        files = [("images", (file, data, "image/jpeg")) for file, data in self.photos[:count]]
        answer = client.post("/api/batch/queues", data={"prompt": prompt, "batch_name": name}, files=files)
        answer.raise_for_status()
        return int(answer.json()["id"])

    def wait(self, admin: httpx.Client) -> None:
        """Until nothing is open any more."""
        end = time.monotonic() + MOST_SECONDS
        while any(self._open(admin.get("/api/admin/batch/stats").json())):
            if time.monotonic() > end:
                raise RuntimeError("the batches did not end")
            time.sleep(0.3)

    def _open(self, stats: dict[str, Any]) -> list[int]:
        return [stats["queues_by_status"][status] for status in ("pending", "processing")]

    def remember(self) -> None:
        """What has happened so far was spread over the last week, and not all of it went well."""
        luck = random.Random(7)
        with sqlite3.connect(self.database, timeout=30) as database:
            tasks = database.execute("SELECT id, queue_id FROM batch_tasks").fetchall()
            queues = {queue: luck.uniform(0.1, 6.8) * 86400 for _, queue in tasks}
            for task, queue in tasks:
                ago, took = max(3600, queues[queue] - luck.uniform(-40_000, 40_000)), luck.lognormvariate(1.9, 0.5)
                failed = luck.random() < 0.16
                code = luck.choice(ERRORS) if failed else None
                database.execute(
                    "UPDATE batch_tasks SET status = ?, error_code = ?,"
                    " generated_image_id = iif(? IS NULL, generated_image_id, NULL),"
                    " created_at = strftime('%Y-%m-%d %H:%M:%f', 'now', ?),"
                    " started_at = strftime('%Y-%m-%d %H:%M:%f', 'now', ?),"
                    " completed_at = strftime('%Y-%m-%d %H:%M:%f', 'now', ?) WHERE id = ?",
                    (
                        "failed" if failed else "completed",
                        *(code, code),
                        *(f"-{seconds} seconds" for seconds in (ago + took + 5, ago + took, ago)),
                        task,
                    ),
                )
            self.give_back(database)
            for queue, ago in queues.items():
                database.execute(
                    "UPDATE batch_queues SET created_at = strftime('%Y-%m-%d %H:%M:%f', 'now', ?),"
                    " completed_at = strftime('%Y-%m-%d %H:%M:%f', 'now', ?),"
                    " completed_images = (SELECT COUNT(*) FROM batch_tasks WHERE queue_id = ? AND status = 'completed'),"
                    " failed_images = (SELECT COUNT(*) FROM batch_tasks WHERE queue_id = ? AND status = 'failed'),"
                    " credits_spent = (SELECT COALESCE(SUM(amount), 0) FROM credit_entries"
                    " WHERE queue_id = ? AND kind = 'capture'),"
                    " credits_released = (SELECT COALESCE(SUM(amount), 0) FROM credit_entries"
                    " WHERE queue_id = ? AND kind = 'release') WHERE id = ?",
                    (f"-{ago + 90} seconds", f"-{ago} seconds", queue, queue, queue, queue, queue),
                )
        database.close()

    def give_back(self, database: sqlite3.Connection) -> None:
        """What failed in the story cost nothing, as it would have in earnest; the ledger says when."""
        database.execute(
            "UPDATE credit_entries SET kind = 'release', delta = amount WHERE phase = 'resolve'"
            " AND task_id IN (SELECT id FROM batch_tasks WHERE status = 'failed')"
        )
        database.execute(
            "UPDATE credit_entries SET created_at = (SELECT iif(phase = 'hold', tasks.created_at, tasks.completed_at)"
            " FROM batch_tasks AS tasks WHERE tasks.id = task_id) WHERE task_id IS NOT NULL"
        )
        database.execute(
            "UPDATE credit_entries SET balance = (SELECT SUM(delta) FROM credit_entries AS before"
            " WHERE before.user_id = credit_entries.user_id AND before.id <= credit_entries.id)"
        )
        database.execute(
            "UPDATE credit_accounts SET"
            " available = (SELECT SUM(delta) FROM credit_entries AS all_ WHERE all_.user_id = credit_accounts.user_id),"
            " spent = (SELECT COALESCE(SUM(amount), 0) FROM credit_entries AS all_"
            " WHERE all_.user_id = credit_accounts.user_id AND kind = 'capture')"
            " WHERE user_id IN (SELECT user_id FROM credit_entries)"
        )
