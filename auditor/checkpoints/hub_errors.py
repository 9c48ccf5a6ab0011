"""Every way in which the Hub can fail to hand over files -> one sentence and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError

_LOG_IN = "set HF_TOKEN or run `hf auth login`"
_RUN_AGAIN = "run again later; files that are complete stay in the cache"
_OFFLINE = "check the network and HF_ENDPOINT; or use a copy in the cache with --offline"

_MISSING = (
    "{repo} does not exist on {endpoint}, or is private and no valid token was given",
    f"check the spelling; if it is private, {_LOG_IN}",
)
_UNREACHABLE = ("cannot reach {endpoint} to ask for {repo}", _OFFLINE)
_CUT = ("the connection to {endpoint} was cut while fetching {repo}, repeatedly", _RUN_AGAIN)
_FORBIDDEN = (
    "{endpoint} forbids this account to read {repo}",
    f"ask its owner for access, then {_LOG_IN}",
)
_NO_TOKEN = ("the Hub client could not obtain a token for {endpoint}", _LOG_IN)
_NOT_A_HUB = ("{endpoint} does not answer as a Hub does", "check HF_ENDPOINT and any proxy")

# Keyed by the names of the types, looked up along the bases of the error, most special first:
# the client changed its HTTP library between major versions, and the names stayed the same.
_BY_TYPE: dict[str, tuple[str, str]] = {
    "GatedRepoError": (
        "{repo} is gated: its owner has not granted access to this account",
        f"ask for access at {{page}}, then {_LOG_IN}",
    ),
    "RepositoryNotFoundError": _MISSING,
    "RevisionNotFoundError": (
        "{repo} has no revision {revision}",
        "name a branch, tag or commit listed at {page}/commits/main",
    ),
    "DisabledRepoError": ("{endpoint} has disabled access to {repo}", "use another copy of it"),
    "RemoteEntryNotFoundError": (
        "{endpoint} lists a file of {repo} that it does not have",
        "run again: the repository may just be changing",
    ),
    "HFValidationError": (
        "{repo} is not a valid Hub id",
        "a Hub id is org/name, of letters, digits, '-', '_' and '.'",
    ),
    "OIDCError": _NO_TOKEN,
    "DeviceCodeError": _NO_TOKEN,
    "OfflineModeIsEnabled": ("HF_HUB_OFFLINE forbids asking for {repo}", "unset HF_HUB_OFFLINE"),
    "FileMetadataError": _NOT_A_HUB,
    "JSONDecodeError": _NOT_A_HUB,
    "InvalidURL": ("HF_ENDPOINT is not a URL: {endpoint}", "set it like https://huggingface.co"),
    "UnsupportedProtocol": (
        "HF_ENDPOINT is not a URL: {endpoint}",
        "set it like https://huggingface.co",
    ),
    "ProxyError": ("the proxy on the way to {endpoint} failed", "check HTTPS_PROXY and NO_PROXY"),
    "ConnectError": _UNREACHABLE,
    "TimeoutException": _UNREACHABLE,
    "LocalEntryNotFoundError": _UNREACHABLE,
    "NetworkError": _CUT,
    "RemoteProtocolError": _CUT,
    "XetAuthenticationError": _FORBIDDEN,
    # What the accelerated transfer (hf_xet) raises: built-in types.
    "ConnectionError": _CUT,
    "TimeoutError": _CUT,
    "RuntimeError": ("the Hub client failed while fetching {repo}: {why}", _RUN_AGAIN),
    "HTTPError": ("{endpoint} did not answer the request for {repo}", _RUN_AGAIN),
}

_BY_STATUS: dict[int, tuple[str, str]] = {
    401: _MISSING,
    403: _FORBIDDEN,
    404: _MISSING,
    429: ("{endpoint} limits the rate of requests", f"wait a few minutes; or {_LOG_IN}"),
}
_PASSING = {408, 429, 500, 502, 503, 504}  # may be otherwise in a moment
_BAD_TOKEN = (
    "{endpoint} does not accept the token that was sent for {repo}",
    f"the token is wrong or has expired: {_LOG_IN}, or unset HF_TOKEN where it is public",
)
_BAD_ANSWER = ("{endpoint} answered {status} to the request for {repo}", _RUN_AGAIN)
_NO_DISK = ("cannot store {repo} in the cache: {why}", "free some space, or set HF_HOME")


class RepoKind(StrEnum):
    """The kinds of repository that auditor reads; the values are the Hub's."""

    MODEL = "model"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was asked of whom."""

    repo_id: str
    revision: str
    endpoint: str
    kind: RepoKind

    @property
    def page(self) -> str:
        """Where a person can look at the repository."""
        folder = "datasets/" if self.kind is RepoKind.DATASET else ""
        return f"{self.endpoint}/{folder}{self.repo_id}"


def explain(error: Exception, target: Target) -> CheckpointError | None:
    """Turn what the Hub client raised into an error for the user.

    Args:
        error: What the client raised.
        target: What was asked of whom.

    Returns:
        The error to raise, or None if this is no foreseen failure.
    """
    error = _reason(error)
    status = _status(error)
    row = _row(error, status)
    if row is None:
        return None
    message, hint = (
        part.format(
            repo=shown(target.repo_id),
            revision=shown(target.revision),
            endpoint=shown(target.endpoint),
            page=shown(target.page),
            status=status,
            why=shown(getattr(error, "strerror", None) or error),
        )
        for part in row
    )
    return CheckpointError(message, hint=hint)


def worth_another_try(error: Exception) -> bool:
    """Say whether asking again may help.

    Args:
        error: What the client raised.

    Returns:
        True for a connection that was lost after it had been made, an answer that did not come in
        time, and a Hub that is busy or broken for the moment.
    """
    error = _reason(error)
    names = _type_names(error)
    if "ConnectError" in names or "OfflineModeIsEnabled" in names:
        return False
    lost = {"NetworkError", "RemoteProtocolError", "ConnectionError", "TimeoutError"}
    late = "TimeoutException" in names
    busy = _status(error) in _PASSING
    return late or busy or bool(lost.intersection(names)) or _is_short_file(error)


def asked_to_wait(error: Exception) -> float | None:
    """Say how many seconds the Hub asks to be left alone; None where it does not say."""
    headers = getattr(getattr(_reason(error), "response", None), "headers", None)
    said = "" if headers is None else str(headers.get("Retry-After", ""))
    return float(said) if said.isdecimal() and len(said) < 10 else None


def _reason(error: Exception) -> Exception:
    # The client says "not in the cache" when what happened is that the Hub did not answer.
    cause = error.__cause__
    if "LocalEntryNotFoundError" in _type_names(error) and isinstance(cause, Exception):
        return cause
    return error


def _row(error: Exception, status: int | None) -> tuple[str, str] | None:
    names = _type_names(error)
    for name in names:
        if name == "HfHubHTTPError":
            refused = status == 401 and "Invalid credentials" in str(error)
            return _BAD_TOKEN if refused else _BY_STATUS.get(status or 0, _BAD_ANSWER)
        if name in _BY_TYPE:
            return _BY_TYPE[name]
    if _is_short_file(error):
        return _CUT
    return _NO_DISK if isinstance(error, OSError) and error.errno is not None else None


def _type_names(error: Exception) -> list[str]:
    return [base.__name__ for base in type(error).__mro__]


def _is_short_file(error: Exception) -> bool:
    # What the client raises when a transfer ends early without the connection saying so.
    return type(error) is OSError and error.errno is None


def _status(error: Exception) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None
