"""What this machine can train on, as a child process finds it."""

from charlab.runs import accelerators


def test_this_machine_has_a_processor():
    survey = {row["name"]: row for row in accelerators.survey()}
    assert survey["cpu"]["available"]
    assert all(row["available"] or row["reason"] for row in survey.values())
