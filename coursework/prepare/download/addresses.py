"""Where the data sets are to be had, and about how much comes over the wire.

The sizes are what others report of these files, Flickr8k's rounded: they tell how much room it takes, and
nothing is refused by them. We know of no checksums that the sources publish.
"""

from dataclasses import dataclass

COCO = "http://images.cocodataset.org"
FLICKR8K = "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k"


@dataclass(frozen=True)
class Address:
    """A file to download: where it is, and how many bytes it has."""

    url: str
    bytes: int

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rpartition("/")[2]


COCO_ANNOTATIONS = {
    2014: Address(f"{COCO}/annotations/annotations_trainval2014.zip", 252_872_794),
    2017: Address(f"{COCO}/annotations/annotations_trainval2017.zip", 252_907_541),
}
COCO_IMAGES = {
    ("train", 2014): Address(f"{COCO}/zips/train2014.zip", 13_510_573_713),
    ("val", 2014): Address(f"{COCO}/zips/val2014.zip", 6_645_013_297),
    ("train", 2017): Address(f"{COCO}/zips/train2017.zip", 19_336_861_798),
    ("val", 2017): Address(f"{COCO}/zips/val2017.zip", 815_585_330),
}
# The authors' own server is gone; this copy is the one that is commonly used.
FLICKR8K_IMAGES = Address(f"{FLICKR8K}/Flickr8k_Dataset.zip", 1_115_000_000)
FLICKR8K_TEXT = Address(f"{FLICKR8K}/Flickr8k_text.zip", 2_300_000)


def coco_image(part: str, year: int, file_name: str) -> str:
    """Where one photo of COCO is: `part` is train or val, `year` 2014 or 2017."""
    return f"{COCO}/{part}{year}/{file_name}"
