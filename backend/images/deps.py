"""What the image routes ask for, besides what everyone asks for."""

from typing import Annotated

from fastapi import Depends, Request

from backend.images.ingest import Ingest


async def _ingest(request: Request) -> Ingest:
    return request.app.state.ingest  # type: ignore[no-any-return]


ImageIngest = Annotated[Ingest, Depends(_ingest)]
