"""Whether two reports are about one model, at whatever revision."""

from __future__ import annotations

from auditor.checkpoints.source import HUB_SCHEME
from auditor.output.report_v1 import ModelV1


def why_another_model(then: ModelV1, now: ModelV1) -> str | None:
    """Why these are not two revisions of one model; None where they may be.

    On the Hub the name decides. A folder has a name only on the machine where it lies, so there
    the architecture and the classes have to be the same.
    """
    if then.digest == now.digest:
        return None
    if then.revision is not None and now.revision is not None:
        return another_name(then.source, now.source)
    if then.architecture != now.architecture:
        return f"the architecture is {now.architecture}, and was {then.architecture}"
    return None if then.labels == now.labels else "its classes are others"


def another_name(then: str, now: str) -> str | None:
    """Why two sources on the Hub are not one repository; None where they are."""
    before, after = _name(then), _name(now)
    return None if before == after else f"it is {after}, and was {before}"


def taken_as_one(then: ModelV1, now: ModelV1) -> str | None:
    """What a reader should know where one model was concluded from its looks."""
    if then.digest == now.digest or _name(then.source) == _name(now.source):
        return None
    return (
        f"{_name(then.source)} and {_name(now.source)} are taken for revisions of one model: "
        "architecture and classes are the same"
    )


def _name(source: str) -> str:
    return source.removeprefix(HUB_SCHEME).partition("@")[0]
