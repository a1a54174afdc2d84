"""The symbols on packs: drawn as GS1 DataMatrix, read from photographs; zxing-cpp does both."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import cast
from xml.sax.saxutils import escape

import zxingcpp
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from traceapp.rules.gs1 import as_bracketed, compose, is_allowed
from traceapp.rules.meaning import Meaning
from traceapp.rules.picture import JPEG_BEGINS, PNG_BEGINS, check_png, read_jpeg
from traceapp.rules.spelling import LONGEST

#: What may be sent as a photograph: bytes, and pixels once it is unpacked.
MAX_IMAGE_BYTES = 12 << 20
MAX_PIXELS = 25_000_000
#: Pixels of a WebP, of which libwebp keeps several copies with four bytes each.
MAX_WEBP_PIXELS = 16_000_000
#: Pixels of a JPEG that is made smaller while it is read: a phone's camera writes up to 64 million.
MAX_STREAMED_PIXELS = 80_000_000
#: Passes over a progressive JPEG: ten are usual, and each one costs time however few its bytes.
MOST_SCANS = 32
#: Symbols of one photograph that are read.
MOST_SYMBOLS = 20
IMAGE_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}

_QUIET = 2
_TEXT_WIDTH = 0.62
#: One at a time. The dearest that were found (a progressive JPEG of 25 million pixels and 12 MiB;
#: the same in CMYK; a WebP of 16 million with transparency) took 2.1, 1.8 and 1.0 s of processor
#: and 160, 290 and 260 MB; a phone's JPEG of 12 million pixels takes 0.5 to 0.7 s and 80 MB.
_unpacking = Lock()
_in_line = BoundedSemaphore(4)  # With the one that is read; other threads answer other questions.
_LONGEST_WAIT_S = 10


class ImageRefused(ValueError):
    """Bytes that are no image, or a larger one than is unpacked; says what was expected."""


class TooManyImages(RuntimeError):
    """Other photographs are being read; this one was not looked at."""


class LabelImpossible(ValueError):
    """A label that no GS1 symbol can bear; says what was expected."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol as a scanner would send it, with the identifier of its symbology in front."""

    text: str
    form: str


def read_symbols(image: bytes) -> list[Symbol]:
    """Every symbol in a photograph, from top to bottom; raises ImageRefused, TooManyImages."""
    with _turn():
        found = zxingcpp.read_barcodes(_unpack(image), text_mode=zxingcpp.TextMode.Plain)
    found.sort(key=lambda one: (one.position.top_left.y, one.position.top_left.x))
    symbols = [
        Symbol(f"{one.symbology_identifier}{one.text}", str(one.format).rpartition(".")[2])
        for one in found
        if one.text and "\0" not in one.text and len(one.text) <= LONGEST - 3
    ]
    return list(dict.fromkeys(symbols))[:MOST_SYMBOLS]


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a turn to unpack, neither in a long line nor for long."""
    if not _in_line.acquire(blocking=False):
        raise TooManyImages("Other photographs are being read now. Send it again in a moment.")
    try:
        if not _unpacking.acquire(timeout=_LONGEST_WAIT_S):
            raise TooManyImages("Another photograph is being read now. Send it again in a moment.")
        try:
            yield
        finally:
            _unpacking.release()
    finally:
        _in_line.release()


def _unpack(image: bytes) -> Image.Image:
    try:
        if image.startswith(JPEG_BEGINS):
            _check_jpeg(image)
        elif image.startswith(PNG_BEGINS):
            check_png(image)
        opened = Image.open(io.BytesIO(image), formats=tuple(IMAGE_TYPES.values()))
        if opened.format == "WEBP":
            _limit(*opened.size, MAX_WEBP_PIXELS)
        opened.draft("L", (2_400, 2_400))  # A large JPEG is unpacked at half its size or less.
        _limit(*opened.size, MAX_PIXELS)
        return _in_grey(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused(f"Expected at most {MAX_PIXELS} pixels, got many more.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, ImageRefused):
            raise
        raise ImageRefused("Expected a whole JPEG, PNG or WebP image.") from error


def _check_jpeg(image: bytes) -> None:
    """Refuse a JPEG that costs much to read, however small the answer is."""
    jpeg = read_jpeg(image)
    if jpeg.scans > MOST_SCANS:
        raise ImageRefused(f"Expected a JPEG of at most {MOST_SCANS} scans, got {jpeg.scans}.")
    if jpeg.is_kept_whole:
        _limit(jpeg.width, jpeg.height, MAX_PIXELS, " in a progressive JPEG")
    else:
        _limit(jpeg.width, jpeg.height, MAX_STREAMED_PIXELS)


def _limit(width: int, height: int, most: int, where: str = "") -> None:
    if width * height > most:
        raise ImageRefused(f"Expected at most {most} pixels{where}, got {width}x{height}.")


def _in_grey(opened: Image.Image) -> Image.Image:
    """Return the picture in shades of grey, on white where it lets something through."""
    if "transparency" in opened.info:
        opened = opened.convert("RGBA")
    if opened.mode not in ("RGBA", "LA", "PA"):
        return opened.convert("L")
    behind = Image.new("L", opened.size, 255)
    behind.paste(opened.convert("L"), mask=opened.getchannel("A"))
    return behind


@dataclass(frozen=True, slots=True)
class Label:
    """A symbol to print: rows of dark and light modules, and what people read under it."""

    rows: tuple[tuple[bool, ...], ...]
    lines: tuple[str, ...]


def draw_label(meaning: Meaning) -> Label:
    """The DataMatrix of a pack, a lot or a case; raises LabelImpossible."""
    pairs = compose(meaning)
    is_plain = meaning.scheme == "trace_code"
    content = meaning.code if is_plain else "".join(f"[{ai}]{value}" for ai, value in pairs)
    if not content:
        raise LabelImpossible("Expected a product, a lot, a pack or a case, got another code.")
    expected = "Expected what GS1 allows: a lot and a serial of at most 20 characters"
    if not is_allowed(pairs):
        raise LabelImpossible(f"{expected}, got {content}.")
    try:
        drawn = zxingcpp.create_barcode(
            content, zxingcpp.BarcodeFormat.DataMatrix, gs1=not is_plain, force_square=True
        )
        image = zxingcpp.write_barcode_to_image(drawn, scale=1, add_quiet_zones=False)
    except ValueError as error:
        raise LabelImpossible(f"{expected}, got {content}.") from error
    # It gives its bytes as a buffer, which its stubs do not say.
    rows = cast("list[list[int]]", memoryview(cast("bytes", image)).tolist())
    lines = [meaning.code] if is_plain else [as_bracketed([pair]) for pair in pairs]
    return Label(tuple(tuple(value < 128 for value in row) for row in rows), tuple(lines))


def label_svg(label: Label, module_mm: float = 0.5) -> str:
    """The label as SVG in millimetres, its text beside the symbol."""
    side = len(label.rows) + 2 * _QUIET
    size = max(2.2, (side - 2 * _QUIET) / max(len(label.lines), 1) * 0.6)
    size = min(size, 4.0)
    text = max(len(line) for line in label.lines) * size * _TEXT_WIDTH
    width = side + text + _QUIET
    path = "".join(
        f"M{x + _QUIET} {y + _QUIET}h{length}v1h-{length}z"
        for y, row in enumerate(label.rows)
        for x, length in _runs(row)
    )
    step = size * 1.25
    lines = "".join(
        f'<text x="{side}" y="{_QUIET + size + n * step:.2f}">{escape(line)}</text>'
        for n, line in enumerate(label.lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'width="{width * module_mm:.1f}mm" height="{side * module_mm:.1f}mm" '
        f'viewBox="0 0 {width:.2f} {side}"><title>{escape(" ".join(label.lines))}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/><path d="{path}" fill="#000"/>'
        f'<g font-family="monospace" font-size="{size:.2f}" fill="#000">{lines}</g></svg>'
    )


def label_png(label: Label, scale: int = 8) -> bytes:
    """The label as PNG, `scale` pixels a module."""
    side = (len(label.rows) + 2 * _QUIET) * scale
    font = ImageFont.load_default(max(12, scale * 2))
    wide = max(font.getlength(line) for line in label.lines)
    image = Image.new("L", (side + int(wide) + 2 * scale, side), 255)
    pen = ImageDraw.Draw(image)
    for y, row in enumerate(label.rows):
        for x, length in _runs(row):
            left, top = (x + _QUIET) * scale, (y + _QUIET) * scale
            pen.rectangle((left, top, left + length * scale - 1, top + scale - 1), fill=0)
    for number, line in enumerate(label.lines):
        pen.text((side, (_QUIET + number * 3) * scale), line, fill=0, font=font)
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def label_text(label: Label) -> str:
    """The label in half blocks, dark on light, for a terminal."""
    width = len(label.rows[0]) + 2 * _QUIET
    light = [(False,) * width] * _QUIET
    rows = [*light, *((False,) * _QUIET + row + (False,) * _QUIET for row in label.rows), *light]
    blocks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    drawn = [
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=False)
    ]
    return "\n".join([*drawn, *label.lines])


def _runs(row: Sequence[bool]) -> list[tuple[int, int]]:
    """Where dark modules begin in a row, and how many follow each other."""
    found: list[tuple[int, int]] = []
    for x, is_dark in enumerate(row):
        if not is_dark:
            continue
        if found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((x, 1))
    return found
