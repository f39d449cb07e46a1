"""The composition root: what the service is made of, and in which order it starts and stops. Nothing happens at import."""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from backend import __version__
from backend.admin.router import router as admin_router
from backend.auth.gate import Gate
from backend.auth.router import router as auth_router
from backend.batch.router import router as batch_router
from backend.errors import ValidationFailed
from backend.health.router import metrics_router
from backend.health.router import router as health_router
from backend.images.router import router as images_router
from backend.lifespan import Service
from backend.settings import Settings
from backend.web import document, frontend, problems
from backend.web.admission import KIB, Admission, Policy
from backend.web.arrival import Limit
from backend.web.edge import RequestEdge

MIB = 1024 * KIB
OPEN_ROUTES = frozenset(
    {
        ("GET", "/api/health"),
        ("POST", "/api/auth/register"),
        ("POST", "/api/auth/token"),
        ("POST", "/api/auth/session"),
        ("GET", "/api/admin/panel"),
    }
)
DESCRIPTION = "Batch image-to-image: up to 50 images, one prompt, every image back edited. 批量图生图。"


def create_app(settings: Settings, *, api: bool = True) -> FastAPI:
    """The service for these settings. With `api` false it only dispatches and tells its health."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Service.running(settings) as service:
            app.state.service = service
            for name, part in service.parts().items():
                setattr(app.state, name, part)
            yield

    app = FastAPI(
        title="Nano-Banana",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name whatever host the request named
        generate_unique_id_function=_operation_id,
        responses=problems.responses(ValidationFailed),
    )
    problems.install(app)
    app.include_router(metrics_router)
    root = APIRouter(prefix="/api")
    root.include_router(health_router)
    if api:
        for router in (auth_router, images_router, batch_router, admin_router):
            root.include_router(router)
    app.include_router(root)
    if api:
        frontend.install(app)
    document.install(app, OPEN_ROUTES)
    app.add_middleware(Admission, policy=_policy(settings), authenticate=_gate_of(app))
    app.add_middleware(RequestEdge)
    return app


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0] if route.tags else 'page'}-{route.name}"


def _policy(settings: Settings) -> Policy:
    file_bytes = settings.batch_max_file_bytes
    whole = (settings.batch_max_files + 4) * (file_bytes + 8 * KIB)
    return Policy(
        open_routes=OPEN_ROUTES,
        loopback_routes=frozenset({("GET", "/metrics")}),
        body_limits={
            ("POST", "/api/batch/images"): Limit(file_bytes + 64 * KIB, file=file_bytes),
            ("POST", "/api/batch/queues"): Limit(whole + MIB),
            **{("POST", f"/api/auth/{name}"): Limit(16 * KIB) for name in ("register", "token", "session", "password")},
        },
        own_hosts=frozenset(filter(None, [urlsplit(settings.public_url).netloc.lower()])),
    )


def _gate_of(app: FastAPI) -> Gate:
    """The gate as it is once the service runs: middleware is put together before that."""

    async def ask(headers: object, address: str) -> object:
        return await app.state.gate(headers, address)

    return ask  # type: ignore[return-value]
