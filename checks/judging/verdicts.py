"""From answers to a report: exercises in the order of the board, each judged when its needs have been."""

from collections.abc import Callable, Iterable

from checks.cases import EXERCISES, Exercise
from checks.engine import Report
from checks.faces.asked import exercises_named, first_on_the_way, with_needs
from checks.judging.judge import Result, judge
from checks.running.sources import Here, Session, stopped_answers
from coursework.errors import fault


def judged(
    source: Session | Here,
    module: str,
    names: Iterable[str] = (),
    on_result: Callable[[Result], None] | None = None,
) -> Report:
    """The report on the exercises named; what these need runs before them, and is not reported.

    Where none are named, it is on all that the file's layout asks for. Raises InputError for a name that
    is no exercise.
    """
    asked, opened = exercises_named(names), source.open()
    if not names and opened.exercises:
        asked = [name for name in asked if name in opened.exercises]
    report, standing = Report(module, layout_notes=opened.notes), Standing(source, opened.layout)
    report.asked = len(asked)
    if opened.problem:  # nothing in it can be checked: said once, not of every function
        report.results = [Result("import", "import", "failed", "import", message=opened.problem)]
        report.next_up = first_on_the_way(asked)
        if on_result:
            on_result(report.results[0])
        return report
    still_open = []
    for name in with_needs(asked):
        result = standing.result(EXERCISES[name])
        if result.status in ("failed", "unwritten"):
            still_open.append(name)
        if name in asked:
            report.results.append(result)
            if on_result:
                on_result(result)
    report.next_up = first_on_the_way(still_open)
    return report


class Standing:
    """Judges one exercise after the other, and knows which passed and which had to be stopped."""

    def __init__(self, source: Session | Here, layout: str):
        self.source, self.layout = source, layout
        self.passed, self.stopped, self.faults = set(), set(), {}

    def result(self, exercise: Exercise) -> Result:
        """The verdict on one exercise.

        What needs an exercise that had to be stopped is not run: it would have to be stopped too. What has
        to be stopped though its needs came to an end, has itself to blame.
        """
        if self.stopped & set(exercise.needs):
            answers, passed = stopped_answers(exercise, "it was not run"), self.passed
        else:
            answers = self.source.answers(exercise.name)
            passed = EXERCISES if is_stopped(answers) else self.passed
        if is_stopped(answers):
            self.stopped.add(exercise.name)
        try:
            result = judge(exercise, answers, passed, self.layout, self.faults)
        except Exception as error:
            result = Result(exercise.name, exercise.part, "failed", "run", message=fault(error))
        self.faults[exercise.name] = result.faults
        if result.status == "passed":
            self.passed.add(exercise.name)
        return result


def is_stopped(answers: list) -> bool:
    return bool(answers[0].problem) and answers[0].problem.kind == "stopped"
