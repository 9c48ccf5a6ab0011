"""A seccomp filter: no socket, no other program, no other process, whoever asks for it.

The filter is a program for the kernel's packet filter (`Documentation/userspace-api/
seccomp_filter.rst`): what is not named in it stays allowed, for the numerics of torch and ONNX
Runtime, and of a GPU's driver, need more calls than anybody could list.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.box.landlock import Unavailable

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_LOAD, _EQUALS, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_NEW_THREAD = 0x10000  # CLONE_THREAD
_FOREIGN_CALLS = 0x40000000  # numbers from here on are of the x32 interface

# The same on all architectures.
_COMMON = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Architecture:
    """Its mark in the kernel's audit, and the numbers of its system calls."""

    mark: int
    clone: int
    denied: Mapping[str, int]


_CLONE_3 = 435
_ARCHITECTURES = {
    "x86_64": _Architecture(
        mark=0xC000003E,
        clone=56,
        denied={
            **{"socket": 41, "connect": 42, "fork": 57, "vfork": 58, "execve": 59, "kill": 62},
            **{"ptrace": 101, "mknod": 133, "pivot_root": 155, "chroot": 161, "mount": 165},
            **{"umount2": 166, "swapon": 167, "reboot": 169, "init_module": 175},
            **{"delete_module": 176, "tkill": 200, "kexec_load": 246, "add_key": 248},
            **{"request_key": 249, "keyctl": 250, "mknodat": 259, "unshare": 272},
            **{"perf_event_open": 298, "open_by_handle_at": 304, "setns": 308},
            **{"process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313},
            **{"kexec_file_load": 320, "bpf": 321, "execveat": 322, "userfaultfd": 323},
        },
    ),
    "aarch64": _Architecture(
        mark=0xC00000B7,
        clone=220,
        denied={
            **{"mknodat": 33, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51},
            **{"unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106},
            **{"ptrace": 117, "kill": 129, "tkill": 130, "reboot": 142, "socket": 198},
            **{"connect": 203, "add_key": 217, "request_key": 218, "keyctl": 219},
            **{"execve": 221, "swapon": 224, "perf_event_open": 241, "open_by_handle_at": 265},
            **{"setns": 268, "process_vm_readv": 270, "process_vm_writev": 271},
            **{"finit_module": 273, "bpf": 280, "execveat": 281, "userfaultfd": 282},
            **{"kexec_file_load": 294},
        },
    ),
}


def install() -> None:
    """Refuse these calls to this process for good. Call it before there is a second thread.

    Raises:
        Unavailable: The kernel takes no filter, or this is another architecture.
    """
    machine = platform.machine()
    if sys.maxsize < 2**32 or machine not in _ARCHITECTURES:
        raise Unavailable(errno.ENOSYS, f"auditor has no filter for {machine}")
    program = _program(_ARCHITECTURES[machine])
    libc = ctypes.CDLL(None, use_errno=True)
    content = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(content))
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.c_char_p(header), 0, 0):
        number = ctypes.get_errno()
        raise Unavailable(number, os.strerror(number))


def _program(architecture: _Architecture) -> bytes:
    refuse = _line(_RETURN, _ERROR | errno.EPERM)
    lines = [
        _line(_LOAD, _ARCHITECTURE_AT),
        _line(_EQUALS, architecture.mark, 1, 0),
        _line(_RETURN, _KILL_PROCESS),
        _line(_LOAD, _NUMBER_AT),
        _line(_AT_LEAST, _FOREIGN_CALLS, 0, 1),
        refuse,
        # Its flags are behind a pointer, where no filter can look; the C library knows how to do
        # without it, and the older call says by its flags whether it makes a thread.
        _line(_EQUALS, _CLONE_3, 0, 1),
        _line(_RETURN, _ERROR | errno.ENOSYS),
    ]
    for number in (*architecture.denied.values(), *_COMMON.values()):
        lines += [_line(_EQUALS, number, 0, 1), refuse]
    lines += [
        _line(_EQUALS, architecture.clone, 0, 3),
        _line(_LOAD, _FIRST_ARGUMENT_AT),
        _line(_HAS_BITS, _NEW_THREAD, 1, 0),
        refuse,
        _line(_RETURN, _ALLOW),
    ]
    return b"".join(lines)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
