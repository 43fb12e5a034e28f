"""The part of the Train page that exports and imports models."""

import pytest
from streamlit.testing.v1 import AppTest

from charlab.errors import UnavailableError
from charlab.export import bundle, formats
from helpers.runs import all_runs
from helpers.tiny import make_run, ngram_run
from pages.parts.shared import browser_cookie


def page():
    from helpers.runs import all_runs
    from pages.parts.train import export_import

    export_import.show(next(all_runs()))
    export_import.import_bundle()


def opened() -> AppTest:
    test = AppTest.from_function(page, default_timeout=60).run()
    assert not test.exception
    return test


def labels(test: AppTest) -> list[str]:
    return [element.proto.label for element in test.get("download_button")] + [b.label for b in test.button]


def test_a_network_is_offered_in_every_form():
    make_run()
    assert labels(opened()) == [
        "Download model file",
        "Download web page",
        "Download metrics (CSV)",
        "Download Python script",
        "Create .keras",
        "Create SavedModel",
        "Import",
    ]


def test_counts_are_offered_as_what_they_can_be():
    ngram_run()
    assert labels(opened()) == ["Download model file", "Download web page", "Download metrics (CSV)", "Import"]


def test_without_weights_there_is_nothing_to_take_away():
    run = make_run()
    for weights_name in run.weight_names():
        run.weights_path(weights_name).unlink()
    test = opened()
    assert not test.get("download_button") and "first epoch" in test.caption[0].value


def test_a_worker_makes_the_file_and_then_it_can_be_downloaded(monkeypatch):
    run = make_run()
    monkeypatch.setattr(formats, "make_in_worker", lambda run, name: f"{run.id} {name}".encode())
    test = opened()
    test.button(key=f"make-keras-{run.id}").click().run()
    assert "Download .keras" in labels(test) and "Create SavedModel" in labels(test)
    run.write_weights(run.weights("last"), "best")
    assert "Create .keras" in labels(test.run())  # made of weights that have been replaced since


def test_a_missing_tensorflow_is_a_sentence(monkeypatch):
    def refuse(run, name):
        raise UnavailableError("TensorFlow is not installed.")

    run = make_run()
    monkeypatch.setattr(formats, "make_in_worker", refuse)
    test = opened()
    test.button(key=f"make-savedmodel-{run.id}").click().run()
    assert "TensorFlow is not installed" in test.error[0].value


@pytest.mark.parametrize("good", [True, False])
def test_an_upload_becomes_a_run_or_a_sentence(good, monkeypatch):
    monkeypatch.setattr(browser_cookie, "owner", lambda: "browser-1")
    run = make_run()
    test = opened()
    data = bundle.pack(run) if good else b"not a bundle"
    test.file_uploader(key="bundle_upload").set_value(("theirs.zip", data, "application/zip"))
    test.run()
    next(button for button in test.button if button.label == "Import").click().run()
    found = list(all_runs())
    assert not test.exception and len(found) == (2 if good else 1)
    if good:
        assert "has been imported" in test.success[0].value
        assert {other.config().owner for other in found} == {"", "browser-1"}
    else:
        assert "theirs" in test.error[0].value and "cannot be imported" in test.error[0].value
