"""A file that changes while it is scanned: what was audited is then not what is there."""

from __future__ import annotations

from auditor.checkpoints.listing import cannot_read, digest_of
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError
from auditor.types import Checkpoint


def require_unchanged(checkpoint: Checkpoint) -> None:
    """Digest every file of a checkpoint once more, at the end of a scan.

    Raises:
        CheckpointError: A file is gone, or has another content than when the scan began.
    """
    for before in checkpoint.files:
        try:
            after = digest_of(checkpoint.root, before.path)
        except OSError as error:
            raise cannot_read(error, checkpoint.root) from error
        if after.sha256 != before.sha256:
            raise CheckpointError(
                f"{shown(before.path)} changed while it was scanned",
                hint="scan a copy that nobody writes to",
            )
