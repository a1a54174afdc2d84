"""What a photograph may cost to read: a few bytes must not keep the web busy, nor fill it."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.unit.rules.test_code import GTIN
from traceapp.rules import symbol
from traceapp.rules.code import read_code
from traceapp.rules.picture import MOST_PARTS, check_png, read_jpeg
from traceapp.rules.symbol import (
    MOST_SCANS,
    ImageRefused,
    TooManyImages,
    draw_label,
    label_png,
    read_symbols,
)

LABEL = label_png(draw_label(read_code(f"(01){GTIN}(10)L1(21)AB1")[0]), scale=24)
PHONE = (4_032, 3_024)


def photo(size: tuple[int, int], kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Return a photograph of one label on grey."""
    label = Image.open(io.BytesIO(LABEL)).convert(mode)
    picture = Image.new(mode, size, 128 if mode == "L" else (128, 128, 128))
    picture.paste(label, (size[0] // 4, size[1] // 4))
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def with_scans(jpeg: bytes, many: int) -> bytes:
    """Return a progressive JPEG whose last scan comes again and again."""
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * many + jpeg[-2:]


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_the_photograph_of_a_phone_is_read(options: dict[str, Any]) -> None:
    [found] = read_symbols(photo(PHONE, **options))
    assert "AB1" in found.text


def test_a_large_photograph_in_one_pass_is_read_small() -> None:
    assert len(read_symbols(photo((8_192, 6_144), mode="L"))) == 1


def test_what_a_phone_puts_behind_its_photograph_is_not_counted() -> None:
    for behind in (photo((800, 600), progressive=True) * 9, b"\xff\xda\0\x08" * 5_000):
        assert len(read_symbols(photo((1_600, 1_200)) + behind)) == 1
        assert len(read_symbols(photo((1_600, 1_200), "PNG") + behind + bytes(1 << 20))) == 1
    both = photo((1_600, 1_200), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))])
    assert len(read_symbols(both)) == 1


def test_many_scans_are_refused_and_a_usual_number_is_not() -> None:
    usual = photo((1_600, 1_200), progressive=True)
    scans = read_jpeg(usual).scans
    assert 5 < scans <= MOST_SCANS // 3
    assert len(read_symbols(with_scans(usual, MOST_SCANS - scans))) == 1
    with pytest.raises(ImageRefused, match=f"at most {MOST_SCANS} scans, got {MOST_SCANS + 1}"):
        read_symbols(with_scans(usual, MOST_SCANS - scans + 1))


def test_scans_do_not_hide_behind_what_a_reader_skips() -> None:
    usual = photo((64, 48), progressive=True)
    last = usual[usual.rindex(b"\xff\xda") : -2]
    hidden = usual[:-2] + (b"\xff\x02\x7f\xff" + last) * 50 + usual[-2:]
    with pytest.raises(ImageRefused, match="scans"):
        read_symbols(hidden)


def test_a_large_photograph_in_many_passes_is_refused_before_it_is_made_small() -> None:
    with pytest.raises(ImageRefused, match="25000000 pixels in a progressive JPEG, got 6000x5000"):
        read_symbols(photo((6_000, 5_000), mode="L", progressive=True))


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a baseline JPEG that says to be of another size."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def test_a_photograph_larger_than_any_phone_takes_is_refused() -> None:
    with pytest.raises(ImageRefused, match="80000000 pixels, got 13300x13300"):
        read_symbols(with_size(photo((64, 64)), 13_300, 13_300))


def test_colours_one_after_the_other_count_as_many_passes() -> None:
    jpeg = photo((64, 64))
    assert not read_jpeg(jpeg).is_kept_whole
    first = jpeg.index(b"\xff\xda")
    assert read_jpeg(jpeg[: first + 4] + b"\x01" + jpeg[first + 5 :]).is_kept_whole


def test_a_webp_of_more_than_a_phone_takes_is_refused() -> None:
    with pytest.raises(ImageRefused, match="16000000 pixels, got 4400x4000"):
        read_symbols(photo((4_400, 4_000), "WEBP", lossless=True, quality=0, method=0))


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """Return a chunk of a PNG."""
    checked = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checked)


def test_more_parts_than_a_camera_writes_are_refused() -> None:
    jpeg, png = photo((640, 480)), photo((640, 480), "PNG")
    for filling in (
        b"\xff\xe5\0\2" * MOST_PARTS,
        b"\xff" * 70_000,
        b"\xff\xd0" * 70_000,
        b"x" * 70_000,
    ):
        with pytest.raises(ValueError, match="parts of a photograph"):
            read_jpeg(jpeg[:2] + filling + jpeg[2:])
        with pytest.raises(ImageRefused):
            read_symbols(jpeg[:3] + filling + jpeg[2:])
    with pytest.raises(ValueError, match="Expected a scan"):
        read_jpeg(jpeg[:3] + bytes(70_000))
    full = png[:33] + chunk(b"tEST", b"IEND") + chunk(b"tEST") * MOST_PARTS + png[33:]
    with pytest.raises(ValueError, match="parts of a photograph"):
        check_png(full)
    with pytest.raises(ImageRefused):
        read_symbols(full)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_lets_something_through_is_read_on_white(kind: str) -> None:
    label = Image.open(io.BytesIO(LABEL)).convert("L")
    dark = Image.new("L", label.size, 0)
    clear = Image.merge("LA", (dark, label.point(lambda value: 255 - value)))
    written = io.BytesIO()
    clear.convert("RGBA").save(written, kind, lossless=True)
    assert len(read_symbols(written.getvalue())) == 1


def test_a_photograph_is_not_kept_waiting_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    small = photo((640, 480))
    monkeypatch.setattr(symbol, "_LONGEST_WAIT_S", 0.01)
    with symbol._unpacking, pytest.raises(TooManyImages):
        read_symbols(small)
    read_symbols(small)


def test_a_long_line_of_photographs_is_not_joined() -> None:
    small = photo((640, 480))
    places = 0
    while symbol._in_line.acquire(blocking=False):
        places += 1
    try:
        with pytest.raises(TooManyImages):
            read_symbols(small)
    finally:
        symbol._in_line.release(places)
    read_symbols(small)
