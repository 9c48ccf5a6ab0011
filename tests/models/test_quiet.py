from __future__ import annotations

import pytest
from transformers.utils import logging

from auditor.models.quiet import quiet_transformers


@pytest.mark.parametrize("bars", [True, False])
def test_transformers_is_as_talkative_as_before(bars: bool):
    were, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    switch = logging.enable_progress_bar if bars else logging.disable_progress_bar
    try:
        switch()
        with quiet_transformers():
            assert not logging.is_progress_bar_enabled()
            assert logging.get_verbosity() == logging.ERROR
        with pytest.raises(KeyError), quiet_transformers():
            raise KeyError
        assert logging.is_progress_bar_enabled() is bars
        assert logging.get_verbosity() == verbosity
    finally:
        (logging.enable_progress_bar if were else logging.disable_progress_bar)()
