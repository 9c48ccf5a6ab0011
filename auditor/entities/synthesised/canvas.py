"""Pictures as what is searched over: a spectrum in decorrelated colours.

In this parametrisation (Olah, Mordvintsev and Schubert, Feature Visualization, 2017) a gradient
step moves coarse shapes at least as much as fine detail, which alone would only fool the base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

# Colour directions of natural photographs, one a column: brightness, blue-yellow, green-purple.
COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
CONTRAST = 4.0  # divides what the spectrum adds up to, so that a start is mild


def blank(count: int, size: int, spread: float, generator: torch.Generator) -> torch.Tensor:
    """Spectra to start from: `(count, 3, size, size // 2 + 1, 2)`, real and imaginary parts."""
    import torch

    shape = (count, 3, size, size // 2 + 1, 2)
    return spread * torch.randn(shape, generator=generator)


def paint(spectrum: torch.Tensor, falloff: float) -> torch.Tensor:
    """Spectra -> pictures `(N, 3, S, S)` in 0..255, differentiable.

    Args:
        spectrum: As `blank` makes them.
        falloff: A frequency is scaled by its inverse to this power; 1 as in photographs.
    """
    import torch

    size = spectrum.shape[2]
    scale = _scale(size, falloff).to(spectrum.device)
    planes = torch.fft.irfft2(torch.view_as_complex(spectrum) * scale, s=(size, size)) / CONTRAST
    colours = torch.tensor(COLOURS, device=spectrum.device)
    colours = colours / colours.norm(dim=0).max()
    return 255 * torch.sigmoid(torch.einsum("nchw,dc->ndhw", planes, colours))


def _scale(size: int, falloff: float) -> torch.Tensor:
    import torch

    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    frequency = np.maximum(np.hypot(rows, columns), 1 / size)
    return torch.from_numpy((size * frequency**-falloff).astype(np.float32))
