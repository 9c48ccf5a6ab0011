"""What the child is told of the environment: what numerics and caches need, and no secret."""

from __future__ import annotations

from collections.abc import Mapping

# A list of what may pass: nobody can name everything that may not.
_NAMES = {
    *("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "WINDIR", "APPDATA", "LOCALAPPDATA"),
    *("TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "AUDITOR_CACHE"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHASHSEED", "PYTHONUTF8"),
}
_PREFIXES = (
    *("LC_", "OMP_", "MKL_", "OPENBLAS_", "KMP_", "GOMP_", "VECLIB_", "NUMEXPR_", "BLIS_"),
    *("CUDA_", "NVIDIA_", "CUBLAS_", "ROCR_", "HIP_", "HSA_", "PYTORCH_", "TORCH_"),
)


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that the child gets; the Hub is out of its reach, and it is told so."""
    kept = {
        name: value
        for name, value in environment.items()
        if name.upper() in _NAMES or name.startswith(_PREFIXES)
    }
    return {**kept, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
