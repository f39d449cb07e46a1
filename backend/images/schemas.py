"""Images over the wire."""

from pydantic import computed_field

from backend.web.schemas import Out, Time


class ImageOut(Out):
    """An image: what it is, and where its bytes and its thumbnail are. Width and height are those of the upright picture."""

    id: int
    filename: str
    mime_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    created_at: Time

    @computed_field
    def url(self) -> str:
        return f"/api/batch/images/{self.id}"

    @computed_field
    def thumbnail_url(self) -> str:
        return f"/api/batch/images/{self.id}/thumbnail"
