"""The built page: its files, and the same page for every address of its own. Nothing comes from another host."""

import re
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from backend.errors import NotFound

# the one <style> that react-aria-components writes into the page; a test proves that it is still this one
ARIA_STYLE = "sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o="
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        f"style-src 'self' '{ARIA_STYLE}'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# a worker is ruled by its own file's policy, not by its page's: the one of the live stream asks the API
SCRIPT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
PACKAGE = Path(__file__).resolve().parent.parent
NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Nano-Banana</title>
<h1>The page is not built</h1>
<p>The API works (<a href="/openapi.json">openapi.json</a>). Build the page with <code>make install</code>.</p>
<h1 lang="zh-CN">页面尚未构建</h1>
<p lang="zh-CN">API 可正常使用(<a href="/openapi.json">openapi.json</a>)。运行 <code>make install</code> 即可构建页面。</p>
</html>
"""
PAGES = {"docs": "docs.html"}
PANEL = "/api/admin/panel"
_FOR_EVER = "public, max-age=31536000, immutable"
_HIDDEN = re.compile(r"(?:^|/)\.|\0|\\")


def install(app: FastAPI, folder: Path | None = None) -> None:
    """Serve the page from `folder`, else as the package carries it, else as a checkout built it. Comes after all routes."""
    packaged = PACKAGE / "_web"
    site = _Site(folder or (packaged if packaged.is_dir() else PACKAGE.parent / "frontend" / "dist"))
    app.router.routes.append(Route(PANEL, site.page, methods=["GET"], include_in_schema=False))
    app.router.routes.append(_PageRoute("/{path:path}", site.page, methods=["GET"], include_in_schema=False))


class _PageRoute(Route):
    """Everything that no other route answers and that is not the API's: there, an unknown path and a wrong method stay what
    they are."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or f"{scope['path']}/".startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)


class _Site:
    def __init__(self, folder: Path) -> None:
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def page(self, request: Request) -> Response:
        """A file of the page when the path names one, else the page itself. Raises NotFound."""
        path = str(request.path_params.get("path", ""))
        if _HIDDEN.search(path):
            raise NotFound
        if "." in path.rpartition("/")[2]:
            return await self._file(path, request.scope)
        try:
            response = await self._file(PAGES.get(path.strip("/"), "index.html"), request.scope)
        except NotFound:
            return HTMLResponse(NOT_BUILT, status_code=503)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    async def _file(self, path: str, scope: Scope) -> Response:
        try:
            response = await self._files.get_response(path, scope)
        except HTTPException as error:
            raise NotFound from error
        response.headers["Cache-Control"] = _FOR_EVER if path.startswith("assets/") else "no-cache"
        if path.endswith(".html"):
            response.headers["Content-Security-Policy"] = POLICY
        elif path.endswith(".js"):
            response.headers["Content-Security-Policy"] = SCRIPT_POLICY
        return response
