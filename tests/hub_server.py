"""A small Hub on the loopback interface, for tests that use the real Hub client.

    fixture = RepoFixture(folder)                     # a folder in Hub layout
    with HubServer(models={"org/name": fixture}, datasets={"org/pets": other}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        ...
        hub.requests                                  # what was asked, in order
        hub.fetched("org/name")                       # names of files whose bytes were sent
        hub.commit("org/name")                        # the commit that `main` stands for

`use_hub(monkeypatch, hub)` does the usual set-up in one line: HF_ENDPOINT, no proxies, no
token of the developer, no request that is not about the test. Call
`huggingface_hub.close_session()` when the test is over, or its connections count as leaks.

What it speaks (models; for data sets the same with `datasets` and `/datasets/...`):

    GET      /api/models/ORG/NAME[/revision/REV]      sha and siblings
    GET      /api/models/ORG/NAME/tree/REV[/PATH]     files and folders
    GET|HEAD /ORG/NAME/resolve/REV/FILE               bytes, also by Range

Commits are invented 40-digit hashes, derived from the contents. `push` adds a commit and
moves a branch to it, as somebody pushing to the Hub would; the old commit stays readable.

Access follows the Hub: a missing repository, and a private one without a valid token, both
answer 401 to strangers; with a valid token a missing one answers 404. The header
`X-Error-Code: RepoNotFound` is sent with that 401 because the client guesses it from the
address only where that begins with https. Files of a gated repository are refused, its
listing is not.

`RepoFixture(cuts={"model.safetensors": Cut(after_bytes=100, times=1)})` breaks the connection
in the middle of the first request for that file. Without Xet headers the client uses plain
HTTP.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.hub_repos import LFS_SUFFIXES, Cut, Repo, RepoFixture, blob, files_in, sibling, tree

__all__ = ["VALID_TOKEN", "Cut", "HubServer", "RepoFixture", "Request", "use_hub"]

VALID_TOKEN = "hf_test_token_that_opens_everything"


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the request log."""

    method: str
    path: str
    range: str | None
    token: str | None


class HubServer:
    """The server; a context manager. Starts on a free port and stops when the block ends."""

    def __init__(
        self,
        models: Mapping[str, RepoFixture] | None = None,
        datasets: Mapping[str, RepoFixture] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self._repos: dict[tuple[str, str], Repo] = {}
        for kind, repos in (("models", models), ("datasets", datasets)):
            for repo_id, fixture in (repos or {}).items():
                repo = Repo(kind, repo_id, fixture)
                repo.hiccups_left = list(fixture.hiccups)
                repo.cuts_left = {name: cut.times for name, cut in fixture.cuts.items()}
                for branch, folder in {**fixture.branches, "main": fixture.folder}.items():
                    repo.push(folder, branch)
                self._repos[kind, repo_id] = repo
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        """What to set HF_ENDPOINT to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def commit(self, repo_id: str, revision: str = "main", *, kind: str = "models") -> str:
        """The commit a branch stands for."""
        return self._repos[kind, repo_id].refs[revision]

    def push(
        self, repo_id: str, folder: Path, branch: str = "main", *, kind: str = "models"
    ) -> str:
        """Move a branch to a new commit with the files of `folder`."""
        return self._repos[kind, repo_id].push(folder, branch)

    def fetched(self, repo_id: str) -> list[str]:
        """The files whose bytes were asked for, in order; a file asked for twice is in twice."""
        mark = f"{repo_id}/resolve/"
        return [
            unquote(request.path.split(mark)[1].split("/", 1)[1])
            for request in self.requests
            if request.method == "GET" and mark in request.path
        ]

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def find(self, kind: str, repo_id: str) -> Repo | None:
        """The repository, whoever may read it."""
        return self._repos.get((kind, repo_id))


def use_hub(monkeypatch: pytest.MonkeyPatch, hub: HubServer) -> None:
    """Point the Hub client of this process at `hub`, and at nothing else."""
    from huggingface_hub import close_session, constants

    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("HF_TOKEN", "HF_OIDC")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    # A session that is already open keeps the proxies it was opened with.
    close_session()
    # The client reads its variables when it is imported, which may be long ago.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", os.devnull)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: HubServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        self.close_connection = True
        authorization = self.headers.get("Authorization", "")
        token = authorization.removeprefix("Bearer ") or None
        hub = self.server.hub
        hub.requests.append(Request(self.command, self.path, self.headers.get("Range"), token))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        kind, is_api = "models", parts[0] == "api"
        if is_api:
            parts = parts[1:]
        if parts[0] in ("models", "datasets"):
            kind, parts = parts[0], parts[1:]
        if len(parts) < 2:
            return self._refuse(404, "", "Not found")
        repo_id, action = "/".join(parts[:2]), parts[2:]
        repo = hub.find(kind, repo_id)
        if token is not None and token != VALID_TOKEN:
            return self._refuse(401, "", "Invalid credentials in Authorization header")
        if repo is None or (repo.fixture.private and token is None):
            if token is None:
                return self._refuse(401, "RepoNotFound", "Invalid username or password.")
            return self._refuse(404, "RepoNotFound", "Repository not found")
        if repo.hiccups_left:
            wait = repo.fixture.retry_after
            return self._refuse(repo.hiccups_left.pop(0), "", "In a moment", retry_after=wait)
        if repo.fixture.status is not None:
            return self._refuse(repo.fixture.status, "", "On request of the test")
        if is_api:
            return self._api(repo, action)
        return self._file(repo, action, token)

    def _api(self, repo: Repo, action: list[str]) -> None:
        what = action[0] if action else "revision"
        revision = action[1] if len(action) > 1 else "main"
        commit = repo.commit_of(revision)
        if commit is None:
            return self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        files = files_in(repo.commits[commit])
        if what == "revision":
            return self._json(
                {
                    "id": repo.repo_id,
                    "sha": commit,
                    "private": repo.fixture.private,
                    "gated": "manual" if repo.fixture.gated else False,
                    "tags": [],
                    "siblings": [sibling(name, path) for name, path in files.items()],
                }
            )
        if what == "tree":
            recursive = "recursive=true" in self.path.lower()
            return self._json(tree(files, "/".join(action[2:]), recursive))
        return self._refuse(404, "", f"this server does not know {what}")

    def _file(self, repo: Repo, action: list[str], token: str | None) -> None:
        if len(action) < 3 or action[0] != "resolve":
            return self._refuse(404, "", "Not found")
        if repo.fixture.gated and token is None:
            return self._refuse(401, "GatedRepo", "Access to this repository is restricted.")
        commit = repo.commit_of(action[1])
        if commit is None:
            return self._refuse(404, "RevisionNotFound", f"Invalid rev id: {action[1]}")
        name = "/".join(action[2:])
        path = files_in(repo.commits[commit]).get(name)
        if path is None:
            return self._refuse(404, "EntryNotFound", "Entry not found", commit)
        content, etag = blob(path)
        start, stop = _range(self.headers.get("Range"), len(content))
        headers = {
            "X-Repo-Commit": commit,
            "ETag": f'"{etag}"',
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        if name.endswith(LFS_SUFFIXES):
            headers |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content))}
        partial = (start, stop) != (0, len(content))
        if partial:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        self._send(206 if partial else 200, headers, content[start:stop], self._cut(repo, name))

    def _cut(self, repo: Repo, name: str) -> Cut | None:
        cut = repo.fixture.cuts.get(name)
        if cut is None or self.command == "HEAD":
            return None
        left = repo.cuts_left[name]
        if left is None:
            return cut
        repo.cuts_left[name] = max(left - 1, 0)
        return cut if left > 0 else None

    def _json(self, value: Any) -> None:
        self._send(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _refuse(
        self,
        status: int,
        code: str,
        message: str,
        commit: str | None = None,
        retry_after: str | None = None,
    ) -> None:
        headers = {"Content-Type": "application/json", "X-Error-Message": message}
        if retry_after is not None:
            headers["Retry-After"] = retry_after
        if code:
            headers["X-Error-Code"] = code
        if commit is not None:
            headers["X-Repo-Commit"] = commit
        self._send(status, headers, json.dumps({"error": message}).encode())

    def _send(
        self, status: int, headers: Mapping[str, str], body: bytes, cut: Cut | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body if cut is None else body[: cut.after_bytes])
        if cut is not None and cut.reset:
            # Closing with unsent data discarded makes the kernel send a reset.
            raw = socket.socket(fileno=self.connection.detach())
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.close()


def _range(header: str | None, size: int) -> tuple[int, int]:
    if header is None:
        return 0, size
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
