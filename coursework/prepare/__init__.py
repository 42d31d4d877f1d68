"""Photos and captions in, a bundle out."""
