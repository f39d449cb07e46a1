"""`/api/batch`: what can be asked of batches, their images, and their changes."""

from fastapi import APIRouter

from backend.batch.router import live, offers, queues, tasks

router = APIRouter(prefix="/batch", tags=["batch"])
for part in (offers, queues, tasks, live):
    router.include_router(part.router)
