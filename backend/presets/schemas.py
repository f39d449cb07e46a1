"""Presets over the wire."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from backend.web.schemas import In, Out, Patch, Text


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of visible characters")
    return value


Title = Annotated[
    Text,
    StringConstraints(strip_whitespace=True),
    StringConstraints(min_length=1, max_length=100),
    AfterValidator(_line),
    Field(examples=["水彩画风"]),
]
Content = Annotated[
    Text,
    StringConstraints(strip_whitespace=True),
    StringConstraints(min_length=1, max_length=4000),
    Field(description="The prompt, 1 to 4,000 characters.", examples=["把这张图片重绘为一幅手绘水彩画"]),
]
Category = Annotated[
    Text,
    StringConstraints(strip_whitespace=True),
    StringConstraints(max_length=50),
    AfterValidator(_line),
    Field(examples=["风格"]),
]
SortOrder = Annotated[int, Field(ge=0, le=1_000_000, description="Smaller comes first.")]


class PresetIn(In):
    """A new preset."""

    title: Title
    content: Content
    category: Category = ""
    sort_order: SortOrder = 0
    is_active: bool = True


class PresetUpdate(Patch):
    """Any subset of a preset's fields."""

    title: Title | None = None
    content: Content | None = None
    category: Category | None = None
    sort_order: SortOrder | None = None
    is_active: bool | None = None


class PresetOut(Out):
    """A preset as everyone sees it."""

    id: int
    title: str
    content: str
    category: str
    sort_order: int


class AdminPresetOut(PresetOut):
    """A preset as administrators see it."""

    is_active: bool
