"""Labels are drawn as they are read: DataMatrix, SVG, PNG and in a terminal."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from PIL import Image, ImageDraw

from tests.unit.rules.test_code import GTIN, labels
from traceapp.commands.label import label, read_label
from traceapp.rules.code import read_code
from traceapp.rules.meaning import Meaning
from traceapp.rules.symbol import (
    ImageRefused,
    LabelImpossible,
    draw_label,
    label_png,
    label_svg,
    label_text,
    read_symbols,
)

CODE = f"(01){GTIN}(17)260501(10)202105C0147(21)AB1"


@settings(max_examples=40)
@given(labels())
def test_what_is_printed_is_read_back_from_its_picture(printed: Meaning) -> None:
    [symbol] = read_symbols(label_png(draw_label(printed), scale=4))
    first = read_code(symbol.text)
    wanted = (printed.gtin, printed.lot, printed.serial, printed.expires_on, printed.made_on)
    said = [(m.gtin, m.lot, m.serial, m.expires_on, m.made_on) for m in first]
    assert wanted in said


def test_the_svg_draws_the_same_modules_and_says_its_text() -> None:
    drawn = draw_label(read_code(f"(01){GTIN}(10)A<B>&\"'(21)<script>")[0])
    root = ET.fromstring(label_svg(drawn))
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [f"(01){GTIN}", "(10)A<B>&\"'", "(21)<script>"]
    path = root.find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    picture = Image.new("L", (len(drawn.rows) * 6 + 48, len(drawn.rows) * 6 + 48), 255)
    pen = ImageDraw.Draw(picture)
    for run in path.attrib["d"].strip("Mz").split("zM"):
        place, length = run.split("h")[:2]
        x, y = (int(number) * 6 for number in place.split())
        pen.rectangle((x, y, x + int(length.split("v")[0]) * 6 - 1, y + 5), fill=0)
    written = io.BytesIO()
    picture.save(written, "PNG")
    [symbol] = read_symbols(written.getvalue())
    assert read_code(symbol.text)[0].serial == "<script>"


def test_what_gs1_cannot_say_is_not_printed() -> None:
    for lot in ("L" * 21, "a b", "批号"):
        with pytest.raises(LabelImpossible, match="at most 20 characters"):
            draw_label(Meaning("element_string", "", GTIN, lot))
    with pytest.raises(LabelImpossible):
        draw_label(Meaning("text", "x"))


def test_half_a_picture_is_refused() -> None:
    picture = label_png(draw_label(read_code(CODE)[0]))
    for cut in (0, 10, len(picture) // 3, len(picture) // 2):
        with pytest.raises(ImageRefused, match="whole JPEG, PNG or WebP"):
            read_symbols(picture[:cut])


@pytest.mark.parametrize("name", ["label.png", "LABEL.PNG"])
def test_the_commands_print_a_label_and_read_it_again(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert CliRunner().invoke(label, [CODE, "--output", str(file)]).exit_code == 0
    done = CliRunner().invoke(read_label, [str(file)])
    assert done.exit_code == 0, done.output
    assert f"element_string: {CODE}" in done.output
    drawn = CliRunner().invoke(label, ["81234567890123456789"])
    assert drawn.output.rstrip().endswith("81234567890123456789")
    assert label_text(draw_label(read_code(CODE)[0])) in CliRunner().invoke(label, [CODE]).output


@pytest.mark.parametrize(
    "arguments",
    [
        ["L1"],
        [""],
        ["\udcff"],
        [f"01{GTIN}10L121AB1"],
        [CODE, "--output", "label.gif"],
        [f"(01){GTIN}", "--output", "/nowhere/at/all.svg"],
        ["https://id.gs1.org/AQnYUc1gmiERBhQ"],
    ],
)
def test_a_label_that_cannot_be_drawn_is_one_line(arguments: list[str]) -> None:
    done = CliRunner().invoke(label, arguments)
    assert done.exit_code == 1
    assert done.output.startswith("Error: Expected")
    assert done.output.count("\n") == 1


def test_a_file_that_is_no_picture_is_one_line(tmp_path: Path) -> None:
    for content in (b"", b"text", label_png(draw_label(read_code(CODE)[0]))[:99]):
        (tmp_path / "a").write_bytes(content)
        done = CliRunner().invoke(read_label, [str(tmp_path / "a")])
        assert (done.exit_code, done.output.count("\n")) == (1, 1)
