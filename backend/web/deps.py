"""What routes of every feature ask for."""

import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BeforeValidator

from backend.db import Database
from backend.errors import NotAuthenticated, ValidationFailed
from backend.settings import Settings
from backend.storage import Storage
from backend.web.schemas import MAX_ID, decode_cursor

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class Asker(Protocol):
    """Who is asking, as far as features that know nothing of accounts must know."""

    @property
    def user_id(self) -> int: ...

    @property
    def is_admin(self) -> bool: ...


async def _asker(request: Request) -> Asker:
    """Whom the door let in. Raises NotAuthenticated where the door is open to all."""
    principal: Asker | None = getattr(request.state, "principal", None)
    if principal is None:
        raise NotAuthenticated
    return principal


async def _db(request: Request) -> Database:
    return request.app.state.db  # type: ignore[no-any-return]


async def _settings(request: Request) -> Settings:
    return request.app.state.settings  # type: ignore[no-any-return]


async def _storage(request: Request) -> Storage:
    return request.app.state.storage  # type: ignore[no-any-return]


def _digits(value: object) -> object:
    """Pydantic would take " 5", "+5" and "1_0" for numbers as well."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a number in digits")
    return value


Digits = BeforeValidator(_digits)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """`?limit=` and `?cursor=` of a list."""

    limit: int
    cursor: str | None

    def after(self, keys: int = 1) -> tuple[int, ...] | None:
        """The sort keys of the last row already seen. Raises ValidationFailed for a cursor that is not ours."""
        return decode_cursor(self.cursor, keys) if self.cursor is not None else None


async def _page_query(
    limit: Annotated[int, Digits, Query(ge=1, le=100, description="How many at most.")] = 20,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")] = None,
) -> PageQuery:
    return PageQuery(limit, cursor)


async def _request_key(
    idempotency_key: Annotated[str | None, Header(description="Makes a repeat harmless.")] = None,
) -> str:
    """What the client calls this request. One without a name gets one of its own, so that we may repeat it ourselves."""
    if idempotency_key is None:
        return f"server:{secrets.token_hex(16)}"
    if not _KEY.fullmatch(idempotency_key):
        raise ValidationFailed(
            errors=[
                {"loc": ["header", "Idempotency-Key"], "msg": "1 to 200 visible ASCII characters", "type": "header"}
            ]
        )
    return f"client:{idempotency_key}"


Asking = Annotated[Asker, Depends(_asker)]
Db = Annotated[Database, Depends(_db)]
AppSettings = Annotated[Settings, Depends(_settings)]
Files = Annotated[Storage, Depends(_storage)]
Paging = Annotated[PageQuery, Depends(_page_query)]
RequestKey = Annotated[str, Depends(_request_key)]
PathId = Annotated[int, Digits, Path(ge=1, le=MAX_ID)]
