"""`/api/health` and `/metrics`."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from backend.errors import AdminOnly
from backend.health.deps import CheckupNow
from backend.health.schemas import Health
from backend.web.problems import responses

router = APIRouter(tags=["health"])
metrics_router = APIRouter(tags=["health"])


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    summary="Whether the service is well",
    responses={
        503: {
            "model": Health,
            "description": "Degraded: the database is away, the storage is full or away, or it drains",
        }
    },
)
async def get_health(check: CheckupNow, response: Response) -> Health:
    response.status_code = 200 if check.health.status == "ok" else 503
    return check.health


@metrics_router.get(
    "/metrics",
    summary="Prometheus metrics, for administrators and this machine itself",
    response_class=PlainTextResponse,
    responses=responses(AdminOnly),
)
async def get_metrics(check: CheckupNow, request: Request) -> Response:
    asker = getattr(request.state, "principal", None)  # none: the door let this machine itself in
    if asker is not None and not asker.is_admin:
        raise AdminOnly
    registry = CollectorRegistry()
    dispatcher = check.health.dispatcher
    for name, text, value in (
        ("up", "1 when the service is well", int(check.health.status == "ok")),
        ("concurrency", "Images processed at once at most, by all processes", dispatcher.concurrency),
        ("in_flight", "Images in work, in all processes", dispatcher.in_flight),
        ("in_flight_here", "Images in work in this process", check.here),
        ("pending", "Images that wait", dispatcher.pending),
    ):
        Gauge(f"nano_banana_{name}", text, registry=registry).set(value)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
