"""Whose a run is, and who may act on it.

Asked where an act is done: the functions of control.py, `RunPlan.create`, the import of a model file and the
storing of a text take an Actor. A page only shows what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

from charlab.corpora.stored_texts import StoredText
from charlab.errors import RunError
from charlab.runs.store import Run
from charlab.runs.watch import KnownRun

STUDENT, TEACHER, OPERATOR_ROLE = "student", "teacher", "operator"
THE_TEACHER = "teacher"  # owns the teacher's runs; no browser's name is like it


@dataclass(frozen=True)
class Actor:
    """Who asks for an act: a role, and the name that owns the runs it starts.

    In a class a "student" is one browser ("" where it accepts no cookies), and the "teacher" may do everything.
    The "operator" is the command line, or the one person whom a server on their own machine serves.
    """

    role: str
    owner: str = ""

    def __post_init__(self) -> None:
        if self.role not in (STUDENT, TEACHER, OPERATOR_ROLE):
            raise ValueError(f"An actor is a student, the teacher or the operator. Received: {self.role!r}.")


OPERATOR = Actor(OPERATOR_ROLE)  # the command line


def owner_of(run: Run | KnownRun) -> str:
    """The name that owns a run; "" for one that no browser started, or that cannot be read."""
    try:
        return run.config().owner
    except RunError:
        return ""


def may_act(actor: Actor, run: Run | KnownRun) -> bool:
    """Whether the actor may pause, stop, resume, train longer, rename and delete the run."""
    return actor.role != STUDENT or (actor.owner != "" and actor.owner == owner_of(run))


def is_teachers_act(actor: Actor, run: Run) -> bool:
    """Whether the teacher acts on a run that is not the teacher's own: its owner is told who did it."""
    return actor.role == TEACHER and owner_of(run) != actor.owner


def may_act_on_text(actor: Actor, text: StoredText) -> bool:
    """Whether the actor may rename and delete a stored text."""
    return actor.role != STUDENT or (actor.owner != "" and actor.owner == text.owner)


def check(actor: Actor, run: Run, act: str) -> None:
    """Raises RunError where the actor may not do this to the run, for example "pause it"."""
    if not may_act(actor, run):
        raise RunError(f"{run.called} {whose(run, act)}")


def whose(run: Run, act: str = "control it") -> str:
    """Whose a run is and who may act on it, as the rest of a sentence that begins with the run."""
    owner = owner_of(run)
    if owner == THE_TEACHER:
        return f"is the teacher's: only the teacher can {act}."
    if not owner:
        return f"was not started in a student's browser: only the teacher can {act}."
    return f"was started in another browser: only that browser and the teacher can {act}."
