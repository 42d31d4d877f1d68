"""The checks as pytest tests: one a function and stage, such as rnn_step_forward-shape.

The stage that fails says what is wrong; those after it are skipped, as is all that has to wait for another
function. `pytest checks --module FILE` checks another file, `-k rnn_forward` shows one function.
"""

from pathlib import Path

import pytest

from checks.cases import EXERCISES
from checks.engine import check_file
from checks.faces.board import hint_command, text_of
from checks.judging.judge import STAGES
from coursework.errors import InputError


def stages_of(name: str) -> tuple[str, ...]:
    """All stages; a function that autograd need not go through has no gradient stage."""
    differentiated = any(case.upstream for case in EXERCISES[name].cases)
    return STAGES if differentiated else STAGES[: STAGES.index("gradient")]


TESTS = [(name, stage) for name in EXERCISES for stage in stages_of(name)]


@pytest.fixture(scope="module")
def module(request: pytest.FixtureRequest) -> Path:
    return request.config.getoption("--module")


@pytest.fixture(scope="module")
def results(module: Path) -> dict:
    """The verdict on every function: the file runs once for all tests."""
    try:
        report = check_file(module)
    except InputError as error:
        pytest.exit(f"error: {error}", returncode=2)
    return {result.function: result for result in report.results}


@pytest.mark.parametrize("name, stage", TESTS, ids=[f"{name}-{stage}" for name, stage in TESTS])
def test_captioning(results: dict, module: Path, name: str, stage: str) -> None:
    result = results.get(name)
    if broken := results.get("import"):  # told once, by the first test
        first = (name, stage) == TESTS[0]
        (pytest.fail if first else pytest.skip)(
            broken.message, **{"pytrace": False} if first else {}
        )
    if result is None:
        pytest.skip("this file's layout has no such function")
    if result.status == "blocked":
        pytest.skip(result.message)
    if result.status == "passed":
        return
    failing = result.stage or "run"  # what is not written does not run
    if result.status == "unwritten" and stage != failing:
        pytest.skip(result.message)
    if stage == failing:
        more = "" if stage == "import" else f"\na hint: {hint_command(name, str(module))}"
        pytest.fail(f"{text_of(result)}{more}", pytrace=False)
    if STAGES.index(stage) > STAGES.index(failing):
        pytest.skip(f"stopped at {failing}: {result.message}")
