"""Every change to users and to what proves who they are. Each function is a verb that runs in one transaction of the
caller's; hashing passwords takes long and is done before."""

from backend.auth.service.accounts import (
    NewUser,
    change_account,
    change_password,
    create_user,
    ensure_admin,
    has_admin,
    refuse_registration,
    register,
)
from backend.auth.service.admins import first_admin, make_admin
from backend.auth.service.proofs import (
    create_token,
    delete_own_upstream,
    delete_token,
    end_session,
    leave,
    open_session,
    put_own_upstream,
    touch_session,
    touch_token,
)

__all__ = [
    "NewUser",
    "change_account",
    "change_password",
    "create_token",
    "create_user",
    "delete_own_upstream",
    "delete_token",
    "end_session",
    "ensure_admin",
    "first_admin",
    "has_admin",
    "leave",
    "make_admin",
    "open_session",
    "put_own_upstream",
    "refuse_registration",
    "register",
    "touch_session",
    "touch_token",
]
