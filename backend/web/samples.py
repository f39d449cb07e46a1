"""Examples for the API's document, made of its schemas: a field's own example, else a likely value for its name."""

from typing import Any

Json = dict[str, Any]

TIME = "2026-03-01T08:30:00.000Z"
LIKELY: dict[str, tuple[Any, ...]] = {
    "access_token": ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl",),
    "action": ("config.change",),
    "actor": ("admin",),
    "address": ("192.0.2.7",),
    "aspect_ratio": ("16:9",),
    "aspect_ratios": (["1:1", "16:9"],),
    "accepted_types": (["image/jpeg", "image/png"],),
    "attempts": (1,),
    "available": (48,),
    "balance": (48,),
    "base_url": ("https://api.openai.com/v1",),
    "batch_name": ("夏季新品",),
    "bytes": (734003200,),
    "category": ("风格",),
    "code": ("model_not_found",),
    "completed_images": (12,),
    "concurrency": (3,),
    "content": ("水彩画风,留白通透",),
    "count": (50,),
    "credits": (50,),
    "credits_held": (38,),
    "credits_spent": (12,),
    "default_model": ("local",),
    "delta": (-1,),
    "description": ("本地滤镜(非 AI) / local filters, not AI",),
    "detail": ({"concurrency": {"from": 3, "to": 5}}, "It answers, and offers 2 models."),
    "email": ("lin@example.com",),
    "error_code": (None,),
    "error_message": (None,),
    "eta_seconds": (95,),
    "expires_in": (86400,),
    "filename": ("photos/a.jpg",),
    "height": (3024,),
    "hint": ("nb_Zk3v",),
    "id": (7, "local"),
    "image_ids": ([7, 8],),
    "image_size": ("2K",),
    "key_hint": ("cdef",),
    "kind": ("openai-images",),
    "max_file_bytes": (10485760,),
    "max_files": (50,),
    "mime_type": ("image/jpeg",),
    "model": ("local",),
    "models": (["gpt-image-1", "gpt-image-1-mini"],),
    "name": ("nightly catalogue",),
    "next_attempt_at": (None,),
    "next_cursor": (None,),
    "original_filename": ("photos/a.jpg",),
    "parent_task_id": (None,),
    "paused_reason": (None,),
    "prompt": ("水彩画风,留白通透",),
    "provider": ("local",),
    "python": ("3.13.1",),
    "reason": ("sign-up",),
    "retention_days": (30,),
    "seconds": (95,),
    "sha256": ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",),
    "size_bytes": (2457600,),
    "sizes": (["1K", "2K"],),
    "target": ("user 7",),
    "thumbnail_url": ("/api/batch/images/7/thumbnail",),
    "title": ("水彩画风",),
    "token": ("nb_Zk3vQ0m4Yw7s1XcR9tLb2NfHe8uJpA6dGiKoVxTzBqE",),
    "total_images": (50,),
    "url": ("/api/batch/images/7",),
    "user_agent": ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",),
    "username": ("小林",),
    "version": (3, "0.1.0"),
    "width": (4032,),
}
PLAIN: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "string": "text", "null": None}
"""For names that say nothing."""
PYTHON: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def sample(schema: Json, schemas: Json, name: str = "") -> Any:
    """A value that `schema` allows, for a field called `name`; `schemas` are the document's."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    for value in (
        *schema.get("examples", ()),
        *LIKELY.get(name, ()),
        *([TIME] if name == "time" or name.endswith(("_at", "_until")) else []),
    ):
        if fits(value, schema, schemas):
            return value
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], schemas, name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "array":
        return [sample(schema["items"], schemas)]
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        return {field: sample(inner, schemas, field) for field, inner in fields.items()}
    kind = schema.get("type", "null")
    return int(schema["minimum"]) if "minimum" in schema else PLAIN[kind]


def fits(value: Any, schema: Json, schemas: Json) -> bool:
    """Whether `schema` allows `value`, as far as types, choices and bounds go."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return any(fits(value, inner, schemas) for inner in schema["anyOf"])
    if value not in schema.get("enum", [schema.get("const", value)]):
        return False
    kind = schema.get("type")
    if kind is None:
        return True
    if type(value) not in PYTHON[kind]:
        return False
    if kind == "array":
        return all(fits(item, schema["items"], schemas) for item in value)
    if kind == "object":
        fields = schema.get("properties", {})
        known = all(fits(value[field], inner, schemas) for field, inner in fields.items() if field in value)
        return known and set(schema.get("required", ())) <= value.keys()
    if kind in ("integer", "number"):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return True
