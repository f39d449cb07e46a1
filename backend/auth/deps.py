"""Who is asking, for the routes of every feature."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from backend.auth.accounts import Accounts, Browser
from backend.auth.principal import Principal
from backend.errors import AdminOnly, NotAuthenticated

# the door has read the header by now; this tells the API's document how to sign in
_bearer = OAuth2PasswordBearer(tokenUrl="/api/auth/token", auto_error=False, description="A JWT or an API token.")


async def current_user(request: Request, _token: Annotated[str | None, Depends(_bearer)]) -> Principal:
    """Whoever the door let in."""
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise NotAuthenticated
    return principal


CurrentUser = Annotated[Principal, Depends(current_user)]


async def admin_user(user: CurrentUser) -> Principal:
    """Whoever the door let in, if that is an administrator."""
    if not user.is_admin:
        raise AdminOnly
    return user


AdminUser = Annotated[Principal, Depends(admin_user)]


async def _accounts(request: Request) -> Accounts:
    return request.app.state.accounts  # type: ignore[no-any-return]


async def _browser(request: Request) -> Browser:
    address = request.client.host if request.client else ""
    return Browser(address, request.headers.get("user-agent", ""))


UserAccounts = Annotated[Accounts, Depends(_accounts)]
FromBrowser = Annotated[Browser, Depends(_browser)]
