"""A page about a data set, fit for a lecture: examples, how captions are made, and what is odd."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from PIL import Image, ImageDraw, ImageOps

from coursework.look.plots import FONT, GAP, INK, LOSS, MARGIN, QUIET, SCORE, WRONG, Gallery, Page

COLUMNS, PHOTO, ODD = 3, 2.5, 6  # examples in a row, inches wide; odd images in a row
WIDE, SQUARE = (600, 450), (600, 600)  # pixels: what all images of a page are cut to
USUAL = 5  # the minimum count that is marked where none was chosen yet
CHARTS, BETWEEN = 3.7, 0.75  # inches: the width of a chart, the room left of it for its numbers
HEAD, FOOT = 0.85, 0.7  # inches: the title; between two charts
PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # covers the lines below a remark
STAND_IN = Image.new("RGB", WIDE, "#e9e9e9")
for ends in ((0, 0, *WIDE), (0, WIDE[1], WIDE[0], 0)):  # crossed out
    ImageDraw.Draw(STAND_IN).line(ends, fill="#c4c4c4", width=3)

LETTERS = 26  # of a file's name below its image
# An image, None if it cannot be read; the words below it; and of an odd one the name of its file.
Example = tuple[Image.Image | None, str]
Odd = tuple[Image.Image | None, str, str]


def inspection(report: dict, examples: Sequence[Example], odd: Sequence[Odd] = ()) -> Page:
    """The page of a doctor's report: examples with captions, three charts beside, odd images below.

    `report` as `coursework.prepare.doctor` makes it, `examples` and `odd` as its `shown` picks them.
    """
    wide = COLUMNS * (PHOTO + GAP) + BETWEEN + CHARTS
    good = _gallery(examples or [(None, "no image can be read")], COLUMNS, PHOTO, 11)
    bad = _odd_gallery(odd, (wide + GAP) / ODD - GAP) if odd else None
    high = HEAD + max(good.height, 5.4) + 0.1
    page = Page(wide + 2 * MARGIN, high + (bad.height + 0.5 if bad else 0) + MARGIN)
    _title(page, report)
    good.draw(page, MARGIN, HEAD)
    _charts(page, report, MARGIN + wide - CHARTS, HEAD, high - HEAD)
    if bad:
        page.write(MARGIN, high + 0.25, "worth a second look", 14, weight="bold", color=WRONG)
        bad.draw(page, MARGIN, high + 0.4)
    return page


def _gallery(examples: Sequence[Example], columns: int, photo: float, size: float) -> Gallery:
    """Images of one shape: square where they all are, as in a bundle; else their middle, 4 to 3."""
    square = all(image is None or image.width == image.height for image, _ in examples)
    images = [_cut(image, SQUARE if square else WIDE) for image, _ in examples]
    return Gallery(images, [words for _, words in examples], None, columns, None, photo, size)


def _odd_gallery(odd: Sequence[Odd], photo: float) -> Gallery:
    """Images with what is wrong with them, and small the names of their files."""
    gallery = _gallery([(image, words) for image, words, _ in odd], ODD, photo, 10)
    gallery.notes = [[[_shortened(name)]] for _, _, name in odd]
    return gallery


def _shortened(name: str) -> str:
    """The end of a name, where photos have their numbers."""
    return name if len(name) <= LETTERS else f"...{name[3 - LETTERS :]}"


def _cut(image: Image.Image | None, shape: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(image or STAND_IN, shape, Image.Resampling.LANCZOS)


def _title(page: Page, report: dict) -> None:
    counts = f"{report['images']:,} images, {report['captions']:,} captions"
    page.write(MARGIN, 0.42, report["name"], 22, weight="bold")
    splits = (f"{name} {split['images']:,}" for name, split in report["splits"].items())
    page.write(MARGIN, 0.68, f"{counts}: {', '.join(splits)}", 12, color=QUIET)


def _charts(page: Page, report: dict, x: float, y: float, height: float) -> None:
    """Three charts, one below the other."""
    tall = (height - 3 * FOOT) / 3
    y += 0.15  # for what stands above the first
    for n, chart in enumerate((_lengths, _ranks, _each)):
        axes = page.panel(x, y + n * (tall + FOOT), CHARTS, tall)
        chart(axes, report)
        _dress(axes)


def _lengths(axes: Axes, report: dict) -> None:
    """How many captions have so many words; the last bar is for all that are longer, too."""
    length, counts = report["length"], Counter()
    last = 2 * length["p95"]
    for words, count in length["histogram"].items():
        counts[min(int(words), last)] += count
    axes.bar(counts.keys(), counts.values(), width=0.85, color=LOSS)
    axes.set_xlim(0, last + 1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    said = f"{length['mean']:.1f} on average\n95 % have at most {length['p95']}"
    more = f" (last bar: {last} or more)" if length["max"] > last else ""
    _say(axes, "captions", f"words in a caption{more}", f"{said}\nthe longest {length['max']}")


def _ranks(axes: Axes, report: dict) -> None:
    """How often each word occurs, the most frequent first: nearly a straight line on these axes."""
    words = report["words"]
    if not words["by_rank"]:
        return
    ranks, counts = np.array(words["by_rank"]).T
    axes.loglog(ranks, counts, color=LOSS, linewidth=2.2)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(0.2, 8 * counts[0])  # room for the remarks
    axes.set_xlim(0.7, 2 * ranks[-1])
    _mark_minimum(axes, report)
    first = " ".join(word for word, _ in words["frequent"][:5])
    said = f"{words['types']:,} different words\n{first} ..."
    _say(axes, "times that a word occurs", f"rank of the word in {words['of']}", said)


def _mark_minimum(axes: Axes, report: dict) -> None:
    """How many words occur as often as a bundle asks for, or 5 times in a data set."""
    least = report["bundle"]["vocabulary"]["minimum_count"] if "bundle" in report else USUAL
    choices = report["words"]["minimum_counts"]
    kept = next(each["kept"] for each in choices if each["minimum_count"] == least)
    if not kept:
        return
    axes.plot(kept, least, "o", color=SCORE)
    place = {"xytext": (2, -5), "textcoords": "offset points", "ha": "right", "va": "top"}
    text = f"{kept:,} words at least {'once' if least == 1 else f'{least} times'}"
    axes.annotate(text, (kept, least), **place, fontsize=9, color=SCORE, family=FONT)


def _each(axes: Axes, report: dict) -> None:
    """How many images have so many captions."""
    each = report["captions_an_image"]
    counts = {int(n): count for n, count in each["histogram"].items()}
    axes.bar(counts.keys(), counts.values(), width=0.6, color=LOSS)
    first, last = min([*counts, 1]), max([*counts, 5])
    axes.set_xlim(first - 0.8, last + 0.8)
    if last - first < 12:
        axes.set_xticks(range(first, last + 1))
    same = each["min"] == each["max"]
    said = f"all have {each['max']}" if same else f"all but {each['not_5']:,} have 5"
    _say(axes, "images", "captions of an image", said, left=0.01)


def _say(axes: Axes, what: str, along: str, remark: str, left: float | None = None) -> None:
    """What goes up and along, and a remark in an upper corner: the right one, or the left."""
    style = {"fontsize": 10, "color": INK, "family": FONT}
    axes.set_title(what, loc="left", pad=5, **style)
    axes.set_xlabel(along, **style)
    place = {"transform": axes.transAxes, "va": "top", "linespacing": 1.4}
    place |= {"ha": "right"} if left is None else {"ha": "left"}
    axes.text(
        0.99 if left is None else left, 0.97, remark, **place, fontsize=9, color=QUIET, bbox=PLAIN
    )


def _dress(axes: Axes) -> None:
    axes.tick_params(labelsize=9, length=0, colors=INK)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=QUIET)
    axes.yaxis.set_major_formatter("{x:,.0f}")
