"""The administrators' door."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from backend.auth.principal import Principal
from backend.errors import AdminOnly


class AdminRoute(APIRoute):
    """A route that nobody but administrators gets to see. FastAPI reads and parses a body before it asks any dependency, so
    this comes before both."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_admins(request: Request) -> Response:
            principal = getattr(request.state, "principal", None)
            if not (isinstance(principal, Principal) and principal.is_admin):
                raise AdminOnly
            return await handle(request)

        return handle_admins
