from __future__ import annotations

import numpy as np
import pytest

from auditor.probes.views import DEGRADED, VIEWS, as_it_is, blurred, zoomed

SHAPES = [(2, 3, 16, 16), (1, 3, 64, 64), (3, 3, 33, 20), (1, 3, 224, 224), (1, 3, 8, 40)]


def rng():
    return np.random.default_rng(0)


def noise(shape=(2, 3, 64, 64)):
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def constant(level, shape=(1, 3, 40, 40)):
    return np.full(shape, level, np.uint8)


def detail(pixels):
    """Energy above the lowest tenth of the frequencies."""
    spectrum = np.abs(np.fft.fft2(pixels.astype(float))) ** 2
    high = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in pixels.shape[:1:-1]))) > 0.1
    return float(spectrum[..., high].sum())


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_view_keeps_shape_and_kind_and_leaves_its_input_alone(view, shape):
    pixels = noise(shape)
    before = pixels.copy()
    seen = VIEWS[view](pixels, rng())
    assert (seen.shape, seen.dtype) == (shape, np.uint8)
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_a_constant_picture_stays_as_it_is(view, level):
    pixels = constant(level)
    np.testing.assert_array_equal(VIEWS[view](pixels, rng()), pixels)


@pytest.mark.parametrize("view", VIEWS)
def test_pictures_do_not_mix_within_a_batch(view):
    pixels = noise((3, 3, 32, 32))
    together = VIEWS[view](pixels, rng())
    alone = [VIEWS[view](pixels[[i]], rng())[0] for i in range(3)]
    np.testing.assert_array_equal(together, np.stack(alone))


@pytest.mark.parametrize("view", VIEWS)
def test_channels_do_not_mix(view):
    pixels = np.zeros((1, 3, 32, 32), np.uint8)
    pixels[:, 1] = noise((1, 32, 32))
    seen = VIEWS[view](pixels, rng())
    assert not seen[:, [0, 2]].any()
    assert seen[:, 1].any()


@pytest.mark.parametrize("view", VIEWS)
def test_read_only_and_strided_pictures_are_taken(view):
    pixels = noise((2, 3, 64, 64))[:, :, ::2, ::-2]
    pixels.setflags(write=False)
    seen = VIEWS[view](pixels, rng())
    np.testing.assert_array_equal(seen, VIEWS[view](np.ascontiguousarray(pixels), rng()))


def test_as_it_is_changes_nothing():
    pixels = noise()
    np.testing.assert_array_equal(as_it_is(pixels, rng()), pixels)


def test_blur_takes_detail_and_leaves_brightness():
    pixels = noise()
    seen = blurred(pixels, rng())
    assert detail(seen) < 0.2 * detail(pixels)
    assert seen.mean() == pytest.approx(pixels.mean(), abs=1)


def test_blur_leaves_coarse_shapes():
    halves = np.zeros((1, 3, 64, 64), np.uint8)
    halves[..., 32:] = 255
    seen = blurred(halves, rng())
    assert not seen[..., :28].any()
    assert (seen[..., 36:] == 255).all()


def test_blur_treats_rows_and_columns_alike():
    pixels = noise((1, 3, 48, 48))
    turned = np.ascontiguousarray(pixels.swapaxes(2, 3))
    np.testing.assert_array_equal(blurred(turned, rng()), blurred(pixels, rng()).swapaxes(2, 3))


def test_zoom_shows_the_middle_and_not_the_rim():
    pixels = constant(0, (1, 3, 64, 64))
    pixels[..., :4, :] = pixels[..., -4:, :] = 255
    pixels[..., :, :4] = pixels[..., :, -4:] = 255
    assert not zoomed(pixels, rng()).any()


def test_zoom_enlarges():
    dot = constant(0, (1, 3, 64, 64))
    dot[..., 24:40, 24:40] = 255
    area = (zoomed(dot, rng()) > 127).sum() / (dot > 127).sum()
    assert area == pytest.approx((4 / 3) ** 2, rel=0.1)


def test_zoom_keeps_the_middle_in_the_middle():
    dot = constant(0, (1, 3, 64, 64))
    dot[..., 30:34, 30:34] = 255
    weights = zoomed(dot, rng())[0, 0].astype(float)
    rows, columns = np.indices(weights.shape)
    assert (rows * weights).sum() / weights.sum() == pytest.approx(31.5, abs=0.2)
    assert (columns * weights).sum() / weights.sum() == pytest.approx(31.5, abs=0.2)


def test_the_view_that_takes_detail_away_is_one_of_them():
    assert DEGRADED in VIEWS
    assert VIEWS[DEGRADED] is blurred
