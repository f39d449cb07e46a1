"""`/api/batch/images`: giving an image, and getting one back. Others' images do not exist, except for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from backend.errors import (
    BodyTooLarge,
    FileTooLarge,
    ImageTooManyPixels,
    MalformedRequest,
    NotFound,
    QueueFull,
    StorageFull,
    TooManyFiles,
    UnreadableImage,
    UnsupportedImage,
    UnsupportedMediaType,
)
from backend.images import names, queries
from backend.images.deps import ImageIngest
from backend.images.models import Image
from backend.images.schemas import ImageOut
from backend.web.deps import Asking, Db, Files, PathId
from backend.web.files import BYTES, StoredFile, file_response
from backend.web.problems import responses

router = APIRouter(prefix="/batch/images", tags=["batch"])

Download = Annotated[bool, Query(description="Save it under its own name instead of showing it.")]

THUMBNAIL_TYPE = "image/webp"
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
GIVEN_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": ImageOut, "description": "The same file was given before"}
}


@router.post(
    "",
    status_code=201,
    summary="Give an image to use in batches",
    openapi_extra=FILE_BODY,
    responses=GIVEN_BEFORE
    | responses(
        MalformedRequest,
        BodyTooLarge,
        FileTooLarge,
        TooManyFiles,
        UnsupportedImage,
        UnsupportedMediaType,
        UnreadableImage,
        ImageTooManyPixels,
        QueueFull,
        StorageFull,
    ),
)
async def upload_image(request: Request, response: Response, asker: Asking, ingest: ImageIngest) -> ImageOut:
    image, new = await ingest.take(asker.user_id, request.stream(), request.headers.get("content-type", ""))
    response.status_code = 201 if new else 200
    return ImageOut.model_validate(image)


@router.head("/{image_id}", include_in_schema=False)
@router.get("/{image_id}", summary="The image itself", response_class=Response, responses=BYTES | responses(NotFound))
async def get_image(
    image_id: PathId, request: Request, asker: Asking, db: Db, storage: Files, download: Download = False
) -> Response:
    image = await db.read(queries.image_of, image_id, None if asker.is_admin else asker.user_id)
    file = StoredFile(image.storage_key, image.mime_type, image.sha256, _saved_as(image) if download else None)
    return await file_response(request, storage, file)


@router.head("/{image_id}/thumbnail", include_in_schema=False)
@router.get(
    "/{image_id}/thumbnail",
    summary="How it looks small, at most 512 pixels, as WebP",
    response_class=Response,
    responses=BYTES | responses(NotFound),
)
async def get_thumbnail(
    image_id: PathId, request: Request, asker: Asking, db: Db, storage: Files, download: Download = False
) -> Response:
    image = await db.read(queries.image_of, image_id, None if asker.is_admin else asker.user_id)
    saved_as = names.with_type(image.filename, THUMBNAIL_TYPE) if download else None
    file = StoredFile(image.thumbnail_key, THUMBNAIL_TYPE, f"{image.sha256}-small", saved_as)
    return await file_response(request, storage, file)


def _saved_as(image: Image) -> str:
    """What was given keeps its name; what was made has its original's name, and its own type's extension."""
    return image.filename if image.upload_key else names.with_type(image.filename, image.mime_type)
