"""Landlock: what the process may still open, from Linux 5.13 on; anybody may ask for it.

The system calls are documented in the kernel's `Documentation/userspace-api/landlock.rst`.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Sequence

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

# Rights, by the version of the interface that brought them. IOCTL_DEV (5) is left alone: a GPU
# is driven by it.
_WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_OF_VERSION_1 = (1 << 13) - 1
_SINCE = {2: 1 << 13, 3: _TRUNCATE}
_BIND_AND_CONNECT = 0b11  # TCP, since 4
_SIGNALS_AND_SOCKETS = 0b11  # to processes outside, since 6

_READ = _READ_FILE | _READ_DIR
# Files and folders in a folder: make, write, rename, remove. No device, socket, pipe or link.
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE, _REFER = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 13
_CHANGE = (
    *(_READ, _WRITE_FILE, _TRUNCATE, _REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE, _REFER),
)
_OF_A_FILE = 1 | _WRITE_FILE | _READ_FILE | _TRUNCATE


class Unavailable(OSError):  # noqa: N818 - a state of the system
    """This system does not offer it."""


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Sequence[str] = ()) -> None:
    """Let this process open only these files and folders from now on, and what is in them.

    Call it before there is a second thread: only the one that calls it, and those that it starts,
    are held to it. What does not exist is passed over.

    Args:
        readable: Files and folders to be read.
        writable: Folders in which files and folders may be made, changed and removed.
        devices: Files to be read and written.

    Raises:
        Unavailable: The kernel has no Landlock, or it is switched off.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = _called(libc, _CREATE, None, 0, _VERSION_FLAG)
    handled = _OF_VERSION_1 | sum(right for since, right in _SINCE.items() if version >= since)
    attributes = struct.pack("=Q", handled)
    if version >= 4:
        attributes += struct.pack("=Q", _BIND_AND_CONNECT)
    if version >= 6:
        attributes += struct.pack("=Q", _SIGNALS_AND_SOCKETS)
    rules = _called(libc, _CREATE, attributes, len(attributes), 0)
    try:
        for paths, rights in (
            (readable, _READ),
            (writable, sum(_CHANGE)),
            (devices, _READ_FILE | _WRITE_FILE),
        ):
            for path in paths:
                _allow(libc, rules, path, rights & handled)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise Unavailable(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        _called(libc, _RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_A_FILE
        _called(libc, _ADD, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def _called(libc: ctypes.CDLL, number: int, *arguments: int | bytes | None) -> int:
    libc.syscall.restype = ctypes.c_long
    as_c = [
        ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each)
        for each in arguments
    ]
    result = int(libc.syscall(ctypes.c_long(number), *as_c))
    if result < 0:
        number = ctypes.get_errno()
        raise Unavailable(number, os.strerror(number))
    return result
