"""The storage held against the rows that speak of it."""

import asyncio
import hashlib
import io
import shutil
from pathlib import Path

from obstore.store import LocalStore, S3Store
from PIL import Image

from backend.settings import Settings
from backend.storage.s3 import PROBE
from tests.faults.books import Books

UPLOADS = Path("uploads") / "batch"


async def fetch(settings: Settings, folder: Path) -> None:
    """Make `folder` what the bucket is now, by plain calls."""
    bucket = S3Store.from_url(
        settings.storage_url,
        endpoint=settings.aws_endpoint_url,
        region=settings.aws_region,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key,
        client_options={"allow_http": True},
    )
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    here = LocalStore(folder, mkdir=True)
    async for page in bucket.list():
        for meta in page:
            await here.put_async(meta["path"], await bucket.get_async(meta["path"]))


def violations(books: Books, root: Path) -> list[str]:
    """S8: every image that a row shows is there, whole, and the one that the row describes."""
    wrong = []
    rows = books.rows("SELECT id, storage_key, thumbnail_key, sha256, size_bytes, width, height FROM images")
    for number, key, thumbnail, digest, size, width, height in rows:
        path = root / key
        if not path.is_file() or not (root / thumbnail).is_file():
            wrong.append(f"S8 image {number}: no {key}")
            continue
        data = path.read_bytes()
        if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            wrong.append(f"S8 image {number}: {key} is not what was settled")
            continue
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            if {image.width, image.height} != {width, height}:
                wrong.append(f"S8 image {number}: {image.size}")
    return wrong


def strays(books: Books, root: Path) -> list[str]:
    """Objects that no row speaks of. The one by which a bucket is tried is nobody's and stays."""
    rows = books.rows("SELECT storage_key, thumbnail_key FROM images")
    owned = {key for pair in rows for key in pair} | {PROBE}
    return [
        key for path in root.rglob("*") if path.is_file() and (key := path.relative_to(root).as_posix()) not in owned
    ]
