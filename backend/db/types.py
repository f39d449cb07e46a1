"""Column types and the database's clock, alike on SQLite and MySQL/MariaDB."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, BindParameter, DateTime, Dialect, Float, Integer, String, literal
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

_TEXT_FORMAT = "%Y-%m-%d %H:%M:%S.%f"

BigInt = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER PRIMARY KEY up by itself

Id = Annotated[int, mapped_column(BigInt, primary_key=True, autoincrement=True)]


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC with milliseconds; aware in Python, `DATETIME(3)` in MySQL, sortable text in SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(23))
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(DATETIME(fsp=3))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        naive = value.astimezone(UTC).replace(tzinfo=None)
        naive = naive.replace(microsecond=naive.microsecond // 1000 * 1000)  # MySQL would round up, even to tomorrow
        return naive.strftime(_TEXT_FORMAT)[:-3] if dialect.name == "sqlite" else naive

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        if value is None:
            return None
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return value.replace(tzinfo=UTC)  # type: ignore[no-any-return]


class utcnow(FunctionElement[datetime]):  # noqa: N801  reads as the SQL function it is
    """SQL: the database's current time. Two processes always compare times by this clock, never by their own."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(utcnow, "sqlite")
def _utcnow_sqlite(_element: utcnow, _compiler: Any, **_: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now'))"


@compiles(utcnow, "mysql")
@compiles(utcnow, "mariadb")
def _utcnow_mysql(_element: utcnow, _compiler: Any, **_: Any) -> str:
    return "(UTC_TIMESTAMP(3))"  # never NOW(): that is the session's zone


class utc_after(FunctionElement[datetime]):  # noqa: N801
    """SQL: the database's current time plus a number of seconds (negative: before)."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: "float | BindParameter[Any]") -> None:
        super().__init__(seconds if isinstance(seconds, BindParameter) else literal(float(seconds), Float))


@compiles(utc_after, "sqlite")
def _utc_after_sqlite(element: utc_after, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', printf('%+.3f seconds', {seconds}))"


@compiles(utc_after, "mysql")
@compiles(utc_after, "mariadb")
def _utc_after_mysql(element: utc_after, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"DATE_ADD(UTC_TIMESTAMP(3), INTERVAL ROUND({seconds} * 1000) * 1000 MICROSECOND)"


class millis(FunctionElement[int]):  # noqa: N801
    """SQL: a time as whole milliseconds since 1970, to be counted with."""

    type = BigInteger()
    inherit_cache = True


@compiles(millis, "sqlite")
def _millis_sqlite(element: millis, compiler: Any, **kw: Any) -> str:
    time = compiler.process(element.clauses, **kw)
    return f"CAST(ROUND((julianday({time}) - 2440587.5) * 86400000) AS INTEGER)"


@compiles(millis, "mysql")
@compiles(millis, "mariadb")
def _millis_mysql(element: millis, compiler: Any, **kw: Any) -> str:
    time = compiler.process(element.clauses, **kw)
    return f"(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {time}) DIV 1000)"


CreatedAt = Annotated[datetime, mapped_column(UtcDateTime, server_default=utcnow())]
UpdatedAt = Annotated[datetime, mapped_column(UtcDateTime, server_default=utcnow(), onupdate=utcnow())]
