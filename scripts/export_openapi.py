"""Writes the application's OpenAPI document to `frontend/openapi.json`; with `--check` only says whether it is up to date."""

import json
import os
import sys
from pathlib import Path

from backend.app import create_app
from backend.settings import Settings

TARGET = Path(__file__).resolve().parent.parent / "frontend/openapi.json"


def document() -> str:
    """The document as text, whatever this machine's own settings are."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    app = create_app(Settings(_env_file=None))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    text = document()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text)
    elif not TARGET.is_file() or TARGET.read_text() != text:
        sys.exit("frontend/openapi.json is not the application's any more; run `make api` and commit what it writes")


if __name__ == "__main__":
    main()
