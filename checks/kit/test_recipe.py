"""Recipes: those that ship load, and whatever is wrong with one is named."""

from dataclasses import replace

import pytest

from coursework.files import InputError
from coursework.learn.recipe import FOLDER, Recipe, recipe_names

SHIPPED = {"coco-attn", "demo", "overfit", "scenes-attn", "scenes-lstm", "scenes-rnn"}


def written(tmp_path, old="", new=""):
    """The recipe demo with `old` replaced by `new`, as a file."""
    text = (FOLDER / "demo.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_recipes_that_ship_load_and_say_what_they_are_for():
    assert set(recipe_names()) >= SHIPPED
    for name in recipe_names():
        assert isinstance(Recipe.load(name), Recipe)
        assert (FOLDER / f"{name}.toml").read_text(encoding="utf-8").startswith("# For ")


def test_the_cell_in_the_name_is_the_cell_of_the_recipe():
    for name in ("scenes-rnn", "scenes-lstm", "scenes-attn", "coco-attn"):
        assert Recipe.load(name).cell_type == name.split("-")[1]


def test_a_recipe_by_its_path_is_the_same_as_by_its_name(tmp_path):
    assert Recipe.load(written(tmp_path)) == Recipe.load("demo")
    assert Recipe.load(str(written(tmp_path))) == Recipe.load("demo")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("hidden_dim", "hiden_dim", ["unknown setting hiden_dim", "known are", "hidden_dim"]),
        ("seed = 0\n", "", ["no value for seed"]),
        ("seed = 0", "seed = 0.5", ["seed is 0.5", "whole number"]),
        ("seed = 0", "seed = true", ["seed is True", "whole number"]),
        ("seed = 0", 'seed = "0"', ["seed is '0'", "whole number"]),
        ("seed = 0", "seed = -1", ["seed is -1", "from 0"]),
        ('cell_type = "attn"', 'cell_type = "gru"', ["cell_type is 'gru'", "rnn, lstm or attn"]),
        ('cell_type = "attn"', "cell_type = 3", ["cell_type is 3", "text"]),
        ("learning_rate = ", "learning_rate = nan #", ["learning_rate is nan", "1e-08 to 10"]),
        ("learning_rate = ", "learning_rate = inf #", ["learning_rate is inf"]),
        ("gradient_clip = ", "gradient_clip = 0 #", ["gradient_clip is 0"]),
        ("epochs = ", "epochs = 0 #", ["epochs is 0"]),
        ("epochs = ", "epochs = [1] #", ["epochs is [1]"]),
        ("seed = 0", "seed = ", ["not TOML", "mine.toml"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, words):
    path = written(tmp_path, old, new)
    with pytest.raises(InputError) as caught:
        Recipe.load(path)
    assert all(word in str(caught.value) for word in [*words, "mine.toml"])
    assert "\n" not in str(caught.value)


def test_a_whole_number_does_where_a_number_is_wanted(tmp_path):
    assert (
        Recipe.load(written(tmp_path, "gradient_clip = ", "gradient_clip = 2 #")).gradient_clip == 2
    )


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    for name in ("scenes", tmp_path / "absent.toml"):
        with pytest.raises(InputError) as caught:
            Recipe.load(name)
        assert all(known in str(caught.value) for known in SHIPPED)


def test_a_folder_and_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("folder.toml", "bytes.toml"):
        with pytest.raises(InputError):
            Recipe.load(tmp_path / name)


def test_a_changed_copy_is_checked_too():
    assert replace(Recipe.load("overfit"), cell_type="lstm").cell_type == "lstm"
    with pytest.raises(InputError, match="cell_type"):
        replace(Recipe.load("overfit"), cell_type="transformer")
