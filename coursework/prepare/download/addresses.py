"""Where the data sets are to be had, and how much comes over the wire.

The sizes are what the servers said when this was written: they are for telling how much will come, nothing
is refused by them. None of these servers publishes checksums of the files.
"""

from dataclasses import dataclass

COCO = "http://images.cocodataset.org"
FLICKR8K = "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k"


@dataclass(frozen=True)
class Address:
    """A file to download: where it is, how many bytes it has, and what it holds."""

    url: str
    bytes: int
    what: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rpartition("/")[2]


COCO_ANNOTATIONS = {
    2014: Address(
        f"{COCO}/annotations/annotations_trainval2014.zip", 252_872_794, "COCO 2014 annotations"
    ),
    2017: Address(
        f"{COCO}/annotations/annotations_trainval2017.zip", 252_907_541, "COCO 2017 annotations"
    ),
}
COCO_IMAGES = {
    ("train", 2014): Address(f"{COCO}/zips/train2014.zip", 13_510_573_713, "82,783 photos"),
    ("val", 2014): Address(f"{COCO}/zips/val2014.zip", 6_645_013_297, "40,504 photos"),
    ("train", 2017): Address(f"{COCO}/zips/train2017.zip", 19_336_861_798, "118,287 photos"),
    ("val", 2017): Address(f"{COCO}/zips/val2017.zip", 815_585_330, "5,000 photos"),
}
# The authors' own server is gone; this copy is the one that is commonly used. Sizes rounded.
FLICKR8K_IMAGES = Address(f"{FLICKR8K}/Flickr8k_Dataset.zip", 1_115_000_000, "8,091 photos")
FLICKR8K_TEXT = Address(f"{FLICKR8K}/Flickr8k_text.zip", 2_300_000, "captions and splits")
KARPATHY = Address(
    "https://cs.stanford.edu/people/karpathy/deepimagesent/caption_datasets.zip",
    36_745_453,
    "Karpathy's splits of COCO, Flickr8k and Flickr30k, with the captions",
)


def coco_image(part: str, year: int, file_name: str) -> str:
    """Where one photo of COCO is: `part` is train or val, `year` 2014 or 2017."""
    return f"{COCO}/{part}{year}/{file_name}"
