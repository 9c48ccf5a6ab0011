"""All walls of the box, put up by the child itself before it reads a byte of the model."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob

from auditor.box import landlock, limits, seccomp
from auditor.box.limits import Limits

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/opt", "/nix/store", "/gnu/store", "/sys"),
    # Not all of /proc: the environment of other processes holds secrets.
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/sys"),
    *("/proc/driver", "/proc/devices", "/proc/modules", "/proc/filesystems", "/proc/loadavg"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/passwd"),
    *("/etc/group", "/etc/nsswitch.conf", "/etc/mime.types", "/etc/OpenCL", "/etc/vulkan"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_GPUS = ("/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/dri/*", "/dev/kfd", "/dev/dxg")
_DIE_WITH_PARENT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the child may read and write besides the programs of the system."""

    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()


def put_up(allowed: Allowed, most: Limits) -> tuple[str, ...]:
    """Shut this process in, as far as the platform can; what it cannot is returned, in words.

    Call it before there is a second thread.
    """
    limits.apply(most)
    missing = [*limits.lacking(most)]
    if sys.platform != "linux":
        return (*missing, "the network and other files stay in reach: only Linux takes them away")
    _die_with_parent()
    try:
        devices = [*_DEVICES, *(path for pattern in _GPUS for path in glob(pattern))]
        readable = [*_programs(), *allowed.readable]
        landlock.restrict(readable, allowed.writable, devices)
    except landlock.Unavailable as error:
        missing.append(f"other files stay in reach: no Landlock here ({error.strerror})")
    try:
        seccomp.install()
    except landlock.Unavailable as error:
        missing.append(f"the network stays in reach: no seccomp filter here ({error.strerror})")
    return tuple(missing)


def _programs() -> Iterator[str]:
    """The interpreter, its packages and the libraries under both."""
    yield from _SYSTEM
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    yield from sorted(prefixes - {"/"})
    yield from _folders(sys.path)
    yield from _folders(os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))


def _folders(paths: Iterable[str]) -> Iterator[str]:
    # Not the home or the root, where somebody may have put a module beside everything else.
    too_much = {"", os.sep, os.path.expanduser("~")}
    yield from (path for path in paths if path not in too_much)


def _die_with_parent() -> None:
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
