"""From a request to a batch: its fields checked, its files proved and stored, then one transaction; or nothing is left.

A batch can be asked for in two ways: multipart with the files themselves, or JSON with ids of images uploaded before.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence

from backend.batch.schemas import QueueIn, WishIn
from backend.batch.service.forgetting import forget_unused
from backend.batch.service.submit import Order, Wish, digest_of, find_repeat, submit
from backend.batch.switchboard import Switchboard, not_one_of
from backend.batch.upload import REFERENCES, Upload, reading
from backend.credits import service as credits
from backend.db import Database
from backend.errors import (
    AppError,
    IdempotencyInProgress,
    InsufficientCredits,
    TooManyFiles,
    UnsupportedMediaType,
    ValidationFailed,
)
from backend.images.ingest import Ingest, Staged
from backend.settings import Settings
from backend.upstreams.base import ModelSpec
from backend.web.bodies import form_fields, json_body


class Intake:
    """Makes batches. One object a process: it knows which idempotency keys are under way here."""

    def __init__(self, db: Database, ingest: Ingest, switchboard: Switchboard, settings: Settings) -> None:
        self._db, self._ingest, self._switchboard, self._settings = db, ingest, switchboard, settings
        self._under_way: set[tuple[int, str]] = set()

    async def take(self, user_id: int, content_type: str, body: AsyncIterator[bytes], key: str) -> int:
        """Make the batch that this request asks for; answers its id, or the first one's when it is a repeat."""
        with self._alone(user_id, key):
            kind = content_type.partition(";")[0].strip().lower()
            if kind not in ("application/json", "multipart/form-data"):
                raise UnsupportedMediaType
            if kind == "application/json":
                wanted = json_body(b"".join([piece async for piece in body]), QueueIn)
                return await self.from_ids(user_id, wanted, key)
            async with reading(body, content_type, self._ingest, self._settings) as upload:
                return await self.from_upload(user_id, form_fields(upload.fields, WishIn), upload, key)

    @contextlib.contextmanager
    def _alone(self, user_id: int, key: str) -> Iterator[None]:
        """Raises IdempotencyInProgress while a request of this user with the same key is under way."""
        mine = (user_id, key)
        if mine in self._under_way:
            raise IdempotencyInProgress
        self._under_way.add(mine)
        try:
            yield
        finally:
            self._under_way.discard(mine)

    async def from_ids(self, user_id: int, body: QueueIn, key: str) -> int:
        """Make a batch of images that are there; answers its id."""
        if len(body.image_ids) > self._settings.batch_max_files:
            raise TooManyFiles(f"A batch may have at most {self._settings.batch_max_files} images.")
        model, wish = await self._chosen(user_id, body)
        _check_references(model, len(body.reference_image_ids), "reference_image_ids")
        digest = digest_of(wish, body.image_ids, body.reference_image_ids)
        order = self._order(user_id, wish, model, body.image_ids, body.reference_image_ids, key, digest)
        return await self._db.write_known(submit, order)

    async def from_upload(self, user_id: int, wanted: WishIn, upload: Upload, key: str) -> int:
        """Keep the files and make a batch of them; answers its id. When that fails, the files are not kept either."""
        if not upload.images:
            raise ValidationFailed(
                "A batch needs at least one image.",
                errors=[{"loc": ["body", "images"], "msg": "at least one image", "type": "missing"}],
            )
        model, wish = await self._chosen(user_id, wanted)
        _check_references(model, len(upload.references), REFERENCES)
        digest = digest_of(wish, _digests(upload.images), _digests(upload.references))
        repeat = await self._db.read(find_repeat, user_id, key, digest)
        if repeat is not None:
            return repeat
        await self._check_credits(user_id, model.credits * len(upload.images))
        made: list[int] = []
        try:
            images = await self._keep(user_id, upload.images, made)
            references = await self._keep(user_id, upload.references, made)
            order = self._order(user_id, wish, model, images, references, key, digest)
            return await self._db.write_known(submit, order)
        except AppError:
            await self._ingest.delete((await self._db.write(forget_unused, made)).keys)
            raise

    async def _keep(self, user_id: int, staged: Sequence[Staged], made: list[int]) -> list[int]:
        ids = []
        for each in staged:
            image, created = await self._ingest.adopt(user_id, each)
            ids.append(image.id)
            if created:
                made.append(image.id)
        return ids

    async def _check_credits(self, user_id: int, cost: int) -> None:
        """Refuse early what cannot be paid; the transaction decides in the end."""
        available = await self._db.read(credits.balance, user_id)
        if available < cost:
            raise InsufficientCredits(
                f"This needs {cost} credits; you have {available}.", required=cost, available=available
            )

    async def _chosen(self, user_id: int, wanted: WishIn) -> tuple[ModelSpec, Wish]:
        model = await self._switchboard.chosen(user_id, wanted.model)
        for name, value, known in (
            ("aspect_ratio", wanted.aspect_ratio, model.aspect_ratios),
            ("image_size", wanted.image_size, model.sizes),
        ):
            if value is not None and value not in known:
                raise not_one_of(name, known)
        wish = Wish(
            prompt=wanted.prompt,
            model=model.id,
            batch_name=wanted.batch_name,
            aspect_ratio=wanted.aspect_ratio,
            image_size=wanted.image_size,
            sample_first=wanted.sample_first,
        )
        return model, wish

    def _order(
        self,
        user_id: int,
        wish: Wish,
        model: ModelSpec,
        images: Sequence[int],
        references: Sequence[int],
        key: str,
        digest: str,
    ) -> Order:
        return Order(
            user_id=user_id,
            wish=wish,
            model=model,
            image_ids=images,
            reference_ids=references,
            idempotency_key=key,
            digest=digest,
            max_pending=self._settings.max_pending_per_user,
            standby=self._switchboard.standby(model.id),
        )


def _digests(staged: Sequence[Staged]) -> list[tuple[str, str]]:
    return [(each.filename, each.sha256) for each in staged]


def _check_references(model: ModelSpec, count: int, field: str) -> None:
    if count > model.max_references:
        most = f"at most {model.max_references} with this model" if model.max_references else "not with this model"
        raise ValidationFailed(
            f"The model {model.name} takes {model.max_references or 'no'} reference images.",
            errors=[{"loc": ["body", field], "msg": most, "type": "too_long"}],
        )
