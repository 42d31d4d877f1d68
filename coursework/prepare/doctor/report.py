"""A doctor's report in words, short enough to read at a glance."""

import textwrap

from coursework.prepare.doctor.faults import NOTE, SPOILS, STOPS
from coursework.prepare.sets.listing import counted

MARKS = {STOPS: "✗", SPOILS: "!", NOTE: "·"}
WIDTH, LABEL, NAMED = 100, 18, 3  # letters in a line and in its label; examples named of each fault


def text(report: dict) -> str:
    """The report in about thirty lines: figures first, then each fault with what to do about it."""
    lines = [
        f"{report['name']}: {counted(report['images'], 'image')},"
        f" {counted(report['captions'], 'caption')}",
        *_figures(report),
        *_minimum_counts(report["words"]),
        "",
        *(line for fault in report["faults"] for line in _fault(fault)),
        *(line for note in report["notes"] for line in _wrapped(f"· {note}")),
        _verdict(report),
    ]
    return "\n".join(lines)


def _figures(report: dict) -> list[str]:
    splits = (f"{name} {split['images']:,}" for name, split in report["splits"].items())
    words = report["words"]
    lines = {
        "splits": ", ".join(splits) or "none",
        "captions an image": _captions(report["captions_an_image"]),
        "words a caption": _length(report["length"]),
        "words in " + words["of"]: f"{words['types']:,} different among {words['tokens']:,}",
        "most frequent": " ".join(word for word, _ in words["frequent"][:14]),
    }
    pictures = [_there(report), report["pictures"] and _pictures(report["pictures"])]
    lines |= dict(zip(("pictures", ""), filter(None, pictures)))
    if "bundle" in report:
        lines |= _bundle(report["bundle"])
    return [f"  {label:<{LABEL}} {line}" for label, line in lines.items()]


def _captions(each: dict) -> str:
    if each["min"] == each["max"]:
        return str(each["min"])
    span = f"{each['min']} to {each['max']}, {each['mean']:.2f} on average"
    others = each["not_5"]
    return f"{span}; {others:,} {'image has' if others == 1 else 'images have'} not 5"


def _length(length: dict) -> str:
    longer = (f"over {n} {_percent(share)}" for n, share in length["longer_than"].items() if share)
    usual = f"{length['mean']:.1f} on average, 95 % have at most {length['p95']}"
    return ", ".join([usual, f"longest {length['max']}", *[*longer][:2]])


def _there(report: dict) -> str:
    """How many images are there, where that is not all of them or all that was looked at."""
    there = report["there"] or {}
    count = sum(there.values())
    if not there or (count == report["images"] and report["pictures"]):
        return ""
    if count == report["images"]:
        return f"all {count:,} are there"
    by_split = ", ".join(f"{split} {number:,}" for split, number in there.items())
    return f"{count:,} of {report['images']:,} are there: {by_split}"


def _pictures(pictures: dict) -> str:
    if not pictures["good"]:
        return "none that can be read"
    wide, high = pictures["typical"]
    return (
        f"{pictures['good']:,} can be read; {wide} x {high} pixels in the middle,"
        f" the shortest side {pictures['smallest_side']}"
    )


def _bundle(bundle: dict) -> dict[str, str]:
    """The lines on a bundle alone: what is stored, in which words, and what the features are like."""
    _, _, channels, *grid = bundle["features"]
    seen = ", ".join(bundle["views"])
    options, values = bundle["vocabulary"], bundle["values"]
    unknown = (f"{_percent(share)} of {split}" for split, share in bundle["unknown"].items())
    cut = f", captions cut to {options['max_words']}" if options["max_words"] else ""
    return {
        "features": f"{channels} x {' x '.join(map(str, grid))}, of each image: {seen};"
        f" {bundle['bytes'] / 1e6:,.1f} MB in all",
        "encoder": f"{bundle['encoder'].get('name')}, weights {bundle['encoder'].get('weights')}",
        "feature values": f"up to {values['largest']:.3g}, {_percent(values['zeros'])} zero,"
        f" {values['constant_channels']:,} channels always the same (in {values['images']:,} images)",
        "vocabulary": f"{options['words']:,} words and {options['special']} special tokens,"
        f" of {options['captions']} captions, --minimum-count {options['minimum_count']}{cut}",
        "unknown words": ", ".join(unknown),
        "fingerprint": bundle["fingerprint"],
    }


def _minimum_counts(words: dict) -> list[str]:
    """A small table: what each --minimum-count keeps and loses."""
    choices = words["minimum_counts"]
    rows = {
        "--minimum-count": [f"{choice['minimum_count']}" for choice in choices],
        "words kept": [f"{choice['kept']:,}" for choice in choices],
    }
    for split in choices[0]["unknown"]:
        rows[f"unknown in {split}"] = [_percent(choice["unknown"][split]) for choice in choices]
    return [
        f"  {label:<{LABEL}} " + " ".join(f"{cell:>8}" for cell in row)
        for label, row in rows.items()
    ]


def _fault(fault: dict) -> list[str]:
    """How many and which, and below it what to do; of what is only good to know one line."""
    amount = _percent(fault["share"]) if "share" in fault else f"{fault['count']:,}"
    start = f"{MARKS[fault['weight']]} {amount} {fault['what']}"
    examples = fault["examples"][:NAMED]
    if fault["weight"] == NOTE:
        first = f" ({examples[0]['name']})" if examples else ""
        return [f"{start}: {fault['advice']}{first}"]
    names = [
        f"{example['name']} ({example['note']})" if example["note"] else example["name"]
        for example in examples
    ]
    more = ", ..." if fault["count"] > len(names) else ""
    which = f": {', '.join(names)}{more}" if names else ""
    line = textwrap.shorten(start + which, WIDTH, placeholder=" ...")
    return [line, f"    {fault['advice']}"]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ")


def _verdict(report: dict) -> str:
    weights = [fault["weight"] for fault in report["faults"]]
    kinds = {fault["kind"] for fault in report["faults"]}
    if report["of"] == "data set" and STOPS in weights:
        return "prepare refuses it as it is: see to what is marked ✗"
    if kinds & {"untaught", "unjudged"}:
        return "train refuses it as it is: it needs images in train and in val"
    if SPOILS in weights:
        return "usable; better after seeing to what is marked !"
    return f"nothing is wrong with {'what is there' if 'to come' in kinds else 'it'}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
