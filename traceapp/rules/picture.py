"""How a JPEG or a PNG is built, so that its price is known before anything is unpacked."""

from __future__ import annotations

import re
from dataclasses import dataclass

JPEG_BEGINS, PNG_BEGINS = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
#: A marker: 0xFF and a byte that is no filling, no stuffing and no restart. In the data of a scan
#: nothing else looks like one.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
#: One pass over all, by Huffman or by arithmetic codes; other frames refine what they keep.
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
#: Pillow looks at every part in turn. A phone writes fewer than 300, of up to 64 KiB each.
MOST_PARTS = 10_000
_MOST_FILLING = 1 << 16


@dataclass(frozen=True, slots=True)
class Jpeg:
    """The first picture of a JPEG file: a phone puts others, or a film, behind it.

    Where `is_kept_whole`, its coefficients are kept at full size until the last scan is read,
    2 bytes a pixel and colour, however small it is wanted: it is progressive, or its colours
    come one after the other.
    """

    width: int
    height: int
    scans: int
    is_kept_whole: bool


def read_jpeg(image: bytes) -> Jpeg:
    """Walk the markers as libjpeg does; raises ValueError for many more than a camera writes."""
    width = height = colours = scans = parts = filling = 0
    is_kept_whole = False
    place = 2
    while found := _MARKER.search(image, place):
        parts += 1
        filling += 0 if scans else found.start() - place
        if parts > MOST_PARTS or filling > _MOST_FILLING:
            raise ValueError("Expected the parts of a photograph, got many more.")
        marker, place = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker < 0xC0 or marker == 0xD8:
            continue  # Such a marker stands alone: nothing may hide behind its length.
        if marker in _FRAMES:
            height = max(height, int.from_bytes(image[place + 3 : place + 5]))
            width = max(width, int.from_bytes(image[place + 5 : place + 7]))
            colours = max([colours, *image[place + 7 : place + 8]])
            is_kept_whole |= marker not in _SEQUENTIAL
        elif marker == _START_OF_SCAN:
            scans += 1
            is_kept_whole |= image[place + 2 : place + 3] != bytes([colours])
        place += max(2, int.from_bytes(image[place : place + 2]))
    else:
        if not scans and len(image) - place > _MOST_FILLING:
            raise ValueError("Expected a scan, got none.")
    return Jpeg(width, height, scans, is_kept_whole)


def check_png(image: bytes) -> None:
    """Raise ValueError for many more chunks than a camera writes, empty ones as a rule."""
    place, parts, kind = len(PNG_BEGINS), 0, b""
    while place < len(image) and kind != b"IEND":
        parts += 1
        if parts > MOST_PARTS:
            raise ValueError("Expected the parts of a photograph, got many more.")
        kind = image[place + 4 : place + 8]
        place += 12 + int.from_bytes(image[place : place + 4])
