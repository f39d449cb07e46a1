"""Everything that administrators only look at."""

from backend.admin.queries.lists import (
    AnyTaskFilter,
    list_audit,
    list_queues,
    list_tasks,
    list_upstreams,
    list_users,
    queue,
    user,
)
from backend.admin.queries.stats import latency, stats
from backend.admin.queries.system import stored

__all__ = [
    "AnyTaskFilter",
    "latency",
    "list_audit",
    "list_queues",
    "list_tasks",
    "list_upstreams",
    "list_users",
    "queue",
    "stats",
    "stored",
    "user",
]
