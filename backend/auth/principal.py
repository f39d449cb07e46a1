"""Who is asking, and what that is told by."""

from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["user", "admin"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A user whose credentials were good a moment ago; role and state are the database's, not the token's."""

    user_id: int
    username: str
    role: Role
    by_cookie: bool
    session_id: int | None = None
    token_id: int | None = None

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a password is compared with."""

    user_id: int
    username: str
    password_hash: str
    is_active: bool
    token_version: int


class RequestHeaders(Protocol):
    """What is read of a request's headers."""

    def getlist(self, key: str) -> list[str]: ...
