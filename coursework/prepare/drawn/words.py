"""The words that scenes are told with. Add a thing here when the painter learns to draw one."""

# What a thing is called: pairs of one and many. The first is said most often.
NOUNS = {
    "car": [("car", "cars")],
    "boat": [("boat", "boats"), ("sailboat", "sailboats")],
    "house": [("house", "houses"), ("cottage", "cottages")],
    "tree": [("tree", "trees")],
    "flower": [("flower", "flowers"), ("blossom", "blossoms")],
    "cat": [("cat", "cats"), ("kitten", "kittens")],
    "fish": [("fish", "fish")],
    "bird": [("bird", "birds")],
    "ball": [("ball", "balls")],
    "kite": [("kite", "kites")],
    "balloon": [("balloon", "balloons")],
    "umbrella": [("umbrella", "umbrellas"), ("parasol", "parasols")],
    "mushroom": [("mushroom", "mushrooms"), ("toadstool", "toadstools")],
    "star": [("star", "stars")],
    "duck": [("duck", "ducks")],
    "butterfly": [("butterfly", "butterflies")],
    "rocket": [("rocket", "rockets"), ("spaceship", "spaceships")],
    "snail": [("snail", "snails")],
}

# What a thing does in a still picture.
VERBS = {
    "car": ["stand", "wait", "park"],
    "boat": ["sail", "float", "drift"],
    "house": ["stand"],
    "tree": ["stand", "grow"],
    "flower": ["stand", "grow", "bloom"],
    "cat": ["sit", "rest", "wait"],
    "fish": ["swim"],
    "bird": ["fly", "glide"],
    "ball": ["lie", "rest"],
    "kite": ["fly", "soar", "hover"],
    "balloon": ["float", "drift", "hover"],
    "umbrella": ["stand"],
    "mushroom": ["stand", "grow"],
    "star": ["shine", "hang"],
    "duck": ["swim", "float", "paddle"],
    "butterfly": ["fly", "flutter", "hover"],
    "rocket": ["fly", "soar"],
    "snail": ["crawl", "creep", "rest"],
}

# What nothing does there.
STRANGE = {"street": {"grow", "bloom"}}

# Of one thing, of several, as a participle.
FORMS = {
    "bloom": ("blooms", "bloom", "blooming"),
    "crawl": ("crawls", "crawl", "crawling"),
    "creep": ("creeps", "creep", "creeping"),
    "drift": ("drifts", "drift", "drifting"),
    "float": ("floats", "float", "floating"),
    "flutter": ("flutters", "flutter", "fluttering"),
    "fly": ("flies", "fly", "flying"),
    "glide": ("glides", "glide", "gliding"),
    "grow": ("grows", "grow", "growing"),
    "hang": ("hangs", "hang", "hanging"),
    "hover": ("hovers", "hover", "hovering"),
    "lie": ("lies", "lie", "lying"),
    "paddle": ("paddles", "paddle", "paddling"),
    "park": ("is parked", "are parked", "parked"),
    "rest": ("rests", "rest", "resting"),
    "sail": ("sails", "sail", "sailing"),
    "shine": ("shines", "shine", "shining"),
    "sit": ("sits", "sit", "sitting"),
    "soar": ("soars", "soar", "soaring"),
    "stand": ("stands", "stand", "standing"),
    "swim": ("swims", "swim", "swimming"),
    "wait": ("waits", "wait", "waiting"),
}

# Where a thing is, by ground and zone.
PLACES = {
    ("meadow", "ground"): ["on the grass", "in the grass", "in the meadow", "in the field"],
    ("meadow", "sky"): ["in the sky", "over the grass", "over the meadow", "over the field"],
    ("sea", "water"): ["on the water", "on the sea", "on the waves"],
    ("sea", "sky"): ["in the sky", "over the water", "over the sea", "over the waves"],
    ("snow", "ground"): ["in the snow", "on the snow", "on snowy ground"],
    ("snow", "sky"): ["in the sky", "over the snow", "over snowy ground"],
    ("street", "ground"): ["on the street", "on the road"],
    ("street", "sky"): ["in the sky", "over the street", "over the road"],
    ("beach", "ground"): ["on the beach", "on the sand", "on sandy ground"],
    ("beach", "sky"): ["in the sky", "over the beach", "over the sand"],
}
DIVERS = {"fish"}
UNDER_WATER = ["in the water", "in the sea", "in the waves"]
# What the whole picture shows.
SCENES = {
    "meadow": ["a meadow", "a field", "a grassy scene"],
    "sea": ["the sea", "a stretch of water", "a sea scene"],
    "snow": ["a snowy scene", "a winter scene"],
    "street": ["a street", "a road", "a street scene"],
    "beach": ["a beach", "a sandy beach", "a beach scene"],
}
TIMES = {
    "night": ["at night", "in the dark", "after dark", "in the moonlight"],
    "day": ["by day", "in the daylight", "under a bright sky"],
}
SIZES = {"small": ["small", "little", "tiny"], "large": ["large", "big", "huge"]}
COUNTS = {2: "two", 3: "three"}
RELATIONS = {
    "left": ["left of", "to the left of"],
    "right": ["right of", "to the right of"],
    "above": ["above"],
    "below": ["below"],
    "under": ["under", "beneath"],  # what is in the sky, for what is not
    "beside": ["next to", "beside", "near"],
    "behind": ["behind"],
    "in front": ["in front of"],
}
