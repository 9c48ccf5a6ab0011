"""`[[ignore]]` entries as records that name the place where they are written."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.configuration.document import IgnoreEntry
from auditor.errors import UsageError
from auditor.types import Suppression


def suppressions_of(
    entries: Sequence[IgnoreEntry], places: Sequence[str]
) -> tuple[Suppression, ...]:
    """One record an entry; `places` says where each is written.

    Raises:
        UsageError: Two entries are about one fingerprint of one model: which holds is unclear.
    """
    found: dict[tuple[str, str | None], Suppression] = {}
    for entry, where in zip(entries, places, strict=True):
        key = entry.fingerprint, entry.model
        if key in found:
            raise UsageError(
                f"{where}: fingerprint {entry.fingerprint} is suppressed at {found[key].where} too",
                hint="Keep one of the two.",
            )
        found[key] = Suppression(
            fingerprint=entry.fingerprint,
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires,
            model=entry.model,
            where=where,
        )
    return tuple(found.values())
