"""transformers without its progress bars and reports: standard error belongs to auditor."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers while it loads or saves; afterwards it is as talkative as before."""
    import transformers.utils.logging

    logging: Any = transformers.utils.logging  # typed only in parts
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
