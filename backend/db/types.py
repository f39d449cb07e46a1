"""Column types and the database's clock, alike on SQLite and MySQL/MariaDB."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, literal
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql.elements import ColumnElement
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

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            value = datetime.strptime(value, _TEXT_FORMAT if "." in value else "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        return value.replace(tzinfo=UTC)  # type: ignore[no-any-return]


class _DatabaseNow(FunctionElement[datetime]):
    """The database server's current UTC time plus one bound number of seconds."""

    type = UtcDateTime()
    inherit_cache = True
    name = "database_now"


@compiles(_DatabaseNow, "sqlite")
def _now_sqlite(element: _DatabaseNow, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', printf('%+.3f seconds', {seconds}))"


@compiles(_DatabaseNow, "mysql")
@compiles(_DatabaseNow, "mariadb")
def _now_mysql(element: _DatabaseNow, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"DATE_ADD(UTC_TIMESTAMP(3), INTERVAL ROUND({seconds} * 1000) * 1000 MICROSECOND)"


def utcnow() -> ColumnElement[datetime]:
    """SQL: the database's current time. Two processes always compare times by this clock, never by their own."""
    return utc_after(0)


def utc_after(seconds: float | ColumnElement[float]) -> ColumnElement[datetime]:
    """SQL: the database's current time plus `seconds` (negative: before)."""
    return _DatabaseNow(literal(float(seconds)) if isinstance(seconds, int | float) else seconds)
