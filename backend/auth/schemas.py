"""Users and their credentials over the wire."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from backend.auth import names, passwords
from backend.auth.principal import Role
from backend.web.schemas import In, Out, Text, Time

Username = Annotated[
    Text,
    AfterValidator(names.checked),
    Field(
        description="3 to 32 ASCII letters, digits, `_`, `-`, `.` or CJK characters.",
        examples=["小林"],
        json_schema_extra={"minLength": names.MIN_NAME, "maxLength": names.MAX_NAME},
    ),
]
Email = Annotated[
    Text,
    AfterValidator(names.checked_email),
    Field(json_schema_extra={"format": "email", "maxLength": names.MAX_EMAIL}, examples=["lin@example.com"]),
]
NewPassword = Annotated[
    Text,
    StringConstraints(min_length=passwords.MIN_PASSWORD, max_length=passwords.MAX_PASSWORD),
    Field(description="8 to 128 characters, whichever you like.", examples=["horse-battery-staple"]),
]
# what is offered at sign-in: bounded, so that nothing huge is folded or hashed, and otherwise not judged
OfferedName = Annotated[Text, StringConstraints(min_length=1, max_length=128), Field(examples=["小林"])]
OfferedPassword = Annotated[
    Text, StringConstraints(min_length=1, max_length=passwords.MAX_PASSWORD), Field(examples=["horse-battery-staple"])
]
Label = Annotated[Text, StringConstraints(strip_whitespace=True), StringConstraints(min_length=1, max_length=100)]


class RegisterIn(In):
    username: Username
    password: NewPassword
    email: Email | None = None


class SignInIn(In):
    username: OfferedName
    password: OfferedPassword


class PasswordForm(BaseModel):
    """The OAuth2 password flow. Its other fields are taken, as the standard asks, and mean nothing here."""

    model_config = ConfigDict(extra="ignore")

    username: OfferedName
    password: OfferedPassword
    grant_type: Literal["password", ""] = "password"


class AccessTokenOut(Out):
    """A bearer token, good for `expires_in` seconds."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int


class UserOut(Out):
    """A user; `credits` can be spent."""

    id: int
    username: str
    email: str | None
    role: Role
    credits: int
    created_at: Time


class PasswordIn(In):
    current_password: OfferedPassword
    new_password: NewPassword


class ApiTokenIn(In):
    name: Label = Field(examples=["nightly catalogue"])
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(None, description="Without it: never.")


class ApiTokenOut(Out):
    """A personal API token; `hint` is how it begins."""

    id: int
    name: str
    hint: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class NewApiTokenOut(ApiTokenOut):
    """A token just made: `token` is shown this once."""

    token: str


class SessionOut(Out):
    """A browser that is signed in; `current` is the one that asks."""

    id: int
    user_agent: str
    address: str
    created_at: Time
    last_seen_at: Time
    expires_at: Time
    current: bool


class OwnUpstreamIn(In):
    """Whose service edits the user's images, at the user's own account there."""

    provider: Literal["openai-chat", "openai-images", "gemini", "dashscope"]
    base_url: Annotated[Text, StringConstraints(min_length=1)] = Field(
        description="A public http(s) address, up to 500 characters.", examples=["https://api.openai.com/v1"]
    )
    api_key: Annotated[Text, StringConstraints(min_length=8, max_length=500, pattern=r"^[\x21-\x7e]+$")] = Field(
        description="Stored encrypted, never answered.", examples=["sk-0123456789abcdef"]
    )
    model: Annotated[
        Text, StringConstraints(strip_whitespace=True), StringConstraints(min_length=1, max_length=100)
    ] = Field(examples=["gpt-image-1"])


class OwnUpstreamOut(Out):
    """A user's own upstream; of its key only the last four characters."""

    provider: str
    base_url: str
    key_hint: str
    model: str
    created_at: Time
    updated_at: Time


class UpstreamTestOut(Out):
    """What one cheap call to a user's own upstream found: whether it answers, else an `error_code` as tasks have them and
    the upstream's own words; `models` are those that it lists."""

    ok: bool
    code: str | None
    detail: str
    models: list[str]
    seconds: float
