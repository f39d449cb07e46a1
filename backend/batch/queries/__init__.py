"""Everything that is only read of batches and tasks."""

from backend.batch.queries.jobs import Job, Result, archive_entries, job
from backend.batch.queries.pictures import covers, references
from backend.batch.queries.queues import (
    QueueFilter,
    active_queue_ids,
    estimate,
    in_flight_and_pending,
    list_queues,
    queue_of,
    queues_by_id,
)
from backend.batch.queries.tasks import TaskFilter, list_tasks, task_of, tasks_by_id, tasks_of_queues

__all__ = [
    "Job",
    "QueueFilter",
    "Result",
    "TaskFilter",
    "active_queue_ids",
    "archive_entries",
    "covers",
    "estimate",
    "in_flight_and_pending",
    "job",
    "list_queues",
    "list_tasks",
    "queue_of",
    "queues_by_id",
    "references",
    "task_of",
    "tasks_by_id",
    "tasks_of_queues",
]
