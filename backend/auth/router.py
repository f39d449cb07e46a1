"""`/api/auth`: users, and what proves who they are."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from backend.auth import queries, service, tokens
from backend.auth.deps import CurrentUser, FromBrowser, UserAccounts
from backend.auth.gate import COOKIE, SECURE_COOKIE
from backend.auth.schemas import (
    AccessTokenOut,
    ApiTokenIn,
    ApiTokenOut,
    NewApiTokenOut,
    OwnUpstreamIn,
    OwnUpstreamOut,
    PasswordForm,
    PasswordIn,
    RegisterIn,
    SessionOut,
    SignInIn,
    UpstreamTestOut,
    UserOut,
)
from backend.credits import queries as credits
from backend.credits.schemas import CreditEntryOut
from backend.errors import (
    AccountDisabled,
    CrossOrigin,
    EmailTaken,
    InvalidCredentials,
    InvalidState,
    NotFound,
    RateLimited,
    RegistrationClosed,
    UrlNotAllowed,
    UsernameTaken,
    WeakPassword,
)
from backend.web.deps import AppSettings, Db, Digits, Paging, PathId
from backend.web.problems import responses
from backend.web.schemas import MAX_ID, Page, encode_cursor

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/register",
    status_code=201,
    summary="Make an account",
    responses=responses(UsernameTaken, EmailTaken, RegistrationClosed, CrossOrigin, WeakPassword, RateLimited),
)
async def register(body: RegisterIn, accounts: UserAccounts, browser: FromBrowser) -> UserOut:
    return await accounts.register(body, browser.address)


@router.post(
    "/token",
    summary="Sign a program in (OAuth2 password flow)",
    responses=responses(InvalidCredentials, AccountDisabled, RateLimited),
)
async def create_access_token(
    form: Annotated[PasswordForm, Form()], accounts: UserAccounts, browser: FromBrowser
) -> AccessTokenOut:
    return await accounts.access_token(form.username, form.password, browser.address)


@router.post(
    "/session",
    status_code=204,
    summary="Sign a browser in: the answer sets its session cookie",
    responses=responses(InvalidCredentials, AccountDisabled, CrossOrigin, RateLimited),
)
async def sign_in(
    body: SignInIn,
    request: Request,
    response: Response,
    accounts: UserAccounts,
    browser: FromBrowser,
    settings: AppSettings,
) -> None:
    secure = request.url.scheme == "https" or settings.public_url.startswith("https://")
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        await accounts.sign_in(body.username, body.password, browser),
        max_age=tokens.SESSION_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


@router.delete("/session", status_code=204, summary="Sign this browser out", responses=responses(CrossOrigin))
async def sign_out(user: CurrentUser, response: Response, db: Db) -> None:
    if user.session_id is not None:
        await db.write(service.leave, user.session_id)
    response.delete_cookie(SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


@router.get("/me", summary="Who you are, and your credits")
async def get_me(user: CurrentUser, db: Db) -> UserOut:
    return await db.read(queries.user_out, user.user_id)


@router.post(
    "/password",
    status_code=204,
    summary="Change your password; ends every other session and every access token",
    responses=responses(InvalidCredentials, CrossOrigin, WeakPassword, RateLimited),
)
async def change_password(body: PasswordIn, user: CurrentUser, accounts: UserAccounts, browser: FromBrowser) -> None:
    await accounts.change_password(user, body, browser.address)


@router.get("/tokens", summary="Your API tokens, newest first")
async def list_tokens(user: CurrentUser, db: Db, paging: Paging) -> Page[ApiTokenOut]:
    items = await db.read(queries.list_tokens, user.user_id, paging.limit, paging.after())
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.post(
    "/tokens",
    status_code=201,
    summary="Make an API token; its secret is answered this once",
    responses=responses(InvalidState, CrossOrigin),
)
async def create_token(body: ApiTokenIn, user: CurrentUser, accounts: UserAccounts) -> NewApiTokenOut:
    return await accounts.create_token(user.user_id, body)


@router.delete(
    "/tokens/{token_id}", status_code=204, summary="End an API token", responses=responses(NotFound, CrossOrigin)
)
async def delete_token(token_id: PathId, user: CurrentUser, db: Db) -> None:
    await db.write(service.delete_token, user.user_id, token_id)


@router.get("/sessions", summary="Where you are signed in, newest first")
async def list_sessions(user: CurrentUser, db: Db, paging: Paging) -> Page[SessionOut]:
    items = await db.read(queries.list_sessions, user, paging.limit, paging.after())
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="Sign one of your browsers out",
    responses=responses(NotFound, CrossOrigin),
)
async def delete_session(session_id: PathId, user: CurrentUser, db: Db) -> None:
    await db.write(service.end_session, user.user_id, session_id)


@router.get("/credits", summary="Your ledger, newest first; with queue_id the receipt of one batch")
async def list_credits(
    user: CurrentUser,
    db: Db,
    paging: Paging,
    queue_id: Annotated[int | None, Digits, Query(ge=1, le=MAX_ID, description="Only what this batch cost.")] = None,
) -> Page[CreditEntryOut]:
    rows = await db.read(credits.list_entries, user.user_id, queue_id, paging.limit, paging.after())
    items = [CreditEntryOut.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.get("/upstream", summary="Your own upstream", responses=responses(NotFound))
async def get_upstream(user: CurrentUser, db: Db) -> OwnUpstreamOut:
    return await db.read(queries.own_upstream, user.user_id)


@router.put(
    "/upstream",
    summary="Set your own upstream; its key is stored encrypted and never answered",
    responses=responses(UrlNotAllowed, CrossOrigin),
)
async def put_upstream(body: OwnUpstreamIn, user: CurrentUser, accounts: UserAccounts) -> OwnUpstreamOut:
    return await accounts.put_own_upstream(user.user_id, body)


@router.delete("/upstream", status_code=204, summary="Forget your own upstream", responses=responses(CrossOrigin))
async def delete_upstream(user: CurrentUser, db: Db) -> None:
    await db.write(service.delete_own_upstream, user.user_id)


@router.post(
    "/upstream/test",
    summary="Call your own upstream once, at no cost, and hear what came back",
    responses=responses(NotFound, CrossOrigin, RateLimited),
)
async def test_upstream(user: CurrentUser, accounts: UserAccounts) -> UpstreamTestOut:
    return await accounts.test_own_upstream(user.user_id)
