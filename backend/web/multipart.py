"""Multipart bodies as a stream: parts come one after another, a file's bytes as they arrive, nothing is held whole.

Starlette's own reader keeps every file (unbounded) and takes a body that was cut off for a complete one.
"""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from backend.errors import MalformedRequest, TooManyFiles, UnsupportedMediaType, ValidationFailed

KIB = 1024
PIECE = 64 * KIB
MAX_FIELD_BYTES = 64 * KIB
MAX_FIELDS = 32
MAX_FILES = 1000
MAX_HEADERS = 8
MAX_HEADER_BYTES = 16 * KIB  # a file's name with all its folders


@dataclass(frozen=True, slots=True)
class FieldPart:
    """A text field."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file. Its bytes can be read once, and only before the next part is asked for; what is not read is skipped."""

    name: str
    filename: str
    _body: "_Body" = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces of at most 64 KiB. Raises MalformedRequest when they stop before their end."""
        while (piece := await self._body.data()) is not None:
            yield piece


async def read_multipart(
    body: AsyncIterator[bytes], content_type: str, *, max_files: int = MAX_FILES
) -> AsyncIterator[FieldPart | FilePart]:
    """Every part of the body, in order. Raises UnsupportedMediaType for another kind of body, MalformedRequest when it is
    not well formed or ends too early, ValidationFailed for a text field that is too long, TooManyFiles for more than
    `max_files`; so a caller that reached the end has seen everything that was sent."""
    reader = _Body(body, content_type)
    fields = files = 0
    while (headers := await reader.part()) is not None:
        name, filename = _disposition(headers)
        if filename is None:
            fields += 1
            if fields > MAX_FIELDS:
                raise MalformedRequest("There are too many fields.")
            yield FieldPart(name, await _text(reader, name))
        else:
            files += 1
            if files > max_files:
                raise TooManyFiles(f"There may be at most {max_files} files.", limit=max_files)
            yield FilePart(name, filename, reader)


class _Body:
    """The body under the parser: what it found and nobody has asked for yet is never more than one piece's worth."""

    def __init__(self, body: AsyncIterator[bytes], content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data":
            raise UnsupportedMediaType
        if not boundary:
            raise MalformedRequest("The Content-Type must be multipart/form-data with a boundary.")
        self._body = body
        self._rest = memoryview(b"")
        # a part begins with its headers, bytes are its content, None is its end
        self._found: deque[dict[bytes, bytes] | bytes | None] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._inside = self._complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": lambda: self._found.append(self._headers),
                    "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
                    "on_part_end": lambda: self._found.append(None),
                    "on_end": self._on_end,
                },
                max_header_count=MAX_HEADERS,
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise MalformedRequest("The boundary is not usable.") from error

    async def part(self) -> dict[bytes, bytes] | None:
        """The headers of the next part, what was left of the one before is skipped; None at the end of the body."""
        while self._inside:
            await self.data()
        while not self._found:
            if not await self._parse_more():
                if not self._complete:
                    raise MalformedRequest("The body ends before its closing boundary.")
                return None
        headers = self._found.popleft()
        if not isinstance(headers, dict):
            raise MalformedRequest("The body is not well formed.")
        self._inside = True
        return headers

    async def data(self) -> bytes | None:
        """The next bytes of the part under way, None at its end."""
        while self._inside and not self._found:
            if not await self._parse_more():
                raise MalformedRequest("The body ends before its closing boundary.")
        item = self._found.popleft() if self._inside else None
        if isinstance(item, dict):
            raise MalformedRequest("The body is not well formed.")
        self._inside = item is not None
        return item

    async def _parse_more(self) -> bool:
        """Parse one more piece; False at the end of the body."""
        try:
            while not self._rest:
                self._rest = memoryview(await anext(self._body))
        except StopAsyncIteration:
            return False
        except ClientDisconnect as error:
            raise MalformedRequest("The connection was closed before the body was complete.") from error
        piece, self._rest = bytes(self._rest[:PIECE]), self._rest[PIECE:]
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MalformedRequest("The body is not well formed.") from error
        return True

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers.setdefault(self._name.lower(), self._value)
        self._name = self._value = b""

    def _on_end(self) -> None:
        self._complete = True


async def _text(reader: _Body, name: str) -> str:
    value = bytearray()
    while (piece := await reader.data()) is not None:
        value += piece
        if len(value) > MAX_FIELD_BYTES:
            most = f"should have at most {MAX_FIELD_BYTES:,} bytes"
            raise ValidationFailed(errors=[{"loc": ["body", name], "msg": most, "type": "too_long"}])
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest("A text field is not UTF-8.") from error


def _disposition(headers: dict[bytes, bytes]) -> tuple[str, str | None]:
    """The name of a part and, of a file, the name it says it has. `filename*` has no place in forms and is not read."""
    kind, options = parse_options_header(headers.get(b"content-disposition", b""))
    name = options.get(b"name")
    if kind != b"form-data" or not name:
        raise MalformedRequest("A part has no name.")
    filename = options.get(b"filename")
    return _decoded(name), _decoded(filename) if filename is not None else None


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
