"""Hypothesis keeps what it learns outside the source tree."""

import tempfile
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "nano-banana-hypothesis")
