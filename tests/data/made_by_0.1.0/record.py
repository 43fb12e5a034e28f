"""Wrote expected.json and links.json beside it, in a checkout of 95e9942: cd CHECKOUT && python .../record.py

`make.sh` made the runs and bundles before. What is recorded is what 95e9942 itself says of them.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = Path.cwd()
sys.path.insert(0, str(ROOT))

TEXTS = {"tiny-gru": "12+34=46\n7?", "tiny-n-gram": "HTHHTX", "paused-gru": "BTSSXXTVVE\n"}
TEXTS |= {
    "paused-transformer": "BPVVE\nBTXSE\n",
    "tiny-transformer": "1+2=3\n40+2=42",
    "tiny-lstm": "the café ab\n",
}


def charlab(*arguments):
    command = [sys.executable, "-m", "charlab", *arguments, "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.splitlines()[-1])


def said(model, text):
    written = charlab(
        "generate", model, "--length", "120", "--samples", "2", "--temperature", "0.8", "--seed", "5"
    )
    written.pop("characters_per_second")
    return {"text": text, "generate": written, "explain": charlab("explain", model, "--text", text, "--top", "5")}


def record_expected(folder):
    runs = sorted(path.name for path in (folder / "runs").iterdir())
    expected = {"runs": {name: said(name, TEXTS[name[16:]]) for name in runs}, "bundles": {}, "resumed": {}}
    gru = next(name for name in runs if name.endswith("-tiny-gru"))
    expected["models"] = [row for row in charlab("models") if row["name"] in runs]
    expected["epoch-000 of tiny-gru"] = charlab(
        "explain", gru, "--text", TEXTS["tiny-gru"], "--weights", "epoch-000"
    )
    for bundle in sorted(HERE.glob("*.charlab.zip")):
        brought = charlab("import", str(bundle))["run"]
        expected["bundles"][bundle.name] = said(brought, TEXTS[bundle.name.removesuffix(".charlab.zip")])
    for name in runs:
        if "paused" in name:
            expected["resumed"][name] = charlab("resume", name)
    return expected


def open_page(name, link):
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=60)
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    return app.switch_page(f"{name}.py").run()


def settings_of(app):
    return {key: value[0] if isinstance(value, list) else value for key, value in app.query_params.items()}


def record_links(folder):
    """The settings were chosen; what the page then wrote into its address, digests included, is the link."""
    runs = {path.name[16:]: path.name for path in (folder / "runs").iterdir()}
    gru, ngram, paused = runs["tiny-gru"], runs["tiny-n-gram"], runs["paused-gru"]
    transformer = runs["paused-transformer"]
    wanted = [
        (
            "train",
            {
                "run": gru,
                "unit": "nats",
                "over": "steps",
                "corpus": "reber",
                "preset": "quick-gru",
                "budget.quick-gru": "epochs",
                "epochs.quick-gru": "7",
                "others": f"{paused},{ngram}",
            },
        ),
        ("train", {"run": paused, "unit": "accuracy", "over": "seconds", "preset": "quick-gru", "minutes": "2.5"}),
        ("train", {"run": ngram, "corpus": "coin-flips", "preset": "ngram", "ngram.order": "3"}),
        (
            "train",
            {
                "corpus": "markov",
                "preset": "custom",
                "custom.kind": "lstm",
                "custom.units": "24",
                "custom.precision": "mixed_float16",
                "custom.lower_case": "True",
                "custom.clip_norm": "0.5",
                "accelerator": "cpu",
            },
        ),
        (
            "train",
            {
                "corpus": "additions",
                "preset": "mini-gpt",
                "mini-gpt.heads": "2",
                "mini-gpt.context": "32",
                "epochs.mini-gpt": "3",
            },
        ),
        (
            "playground",
            {
                "model": gru,
                "seed_text": "12+34=",
                "temperature": "1.35",
                "samples": "2",
                "length": "40",
                "top_k": "7",
                "top_p": "0.85",
                "seed": "123",
                "shade": "surprise",
                "write": "1",
            },
        ),
        ("playground", {"model": gru, "seed_text": "12+34=", "length": "30", "samples": "1", "write": "1"}),
        (
            "playground",
            {
                "mode": "temperature sweep",
                "model": paused,
                "seed_text": "BT",
                "length": "30",
                "temperatures": "0,0.65,1.7",
                "seed": "9",
                "write": "1",
            },
        ),
        (
            "playground",
            {
                "mode": "side by side",
                "model": gru,
                "beside": f"epoch-001,{paused}",
                "seed_text": "1+",
                "length": "30",
                "temperature": "0.45",
                "write": "1",
            },
        ),
        (
            "playground",
            {
                "model": "quick-gru",
                "seed_text": "ROMEO:",
                "length": "60",
                "samples": "1",
                "temperature": "0.5",
                "write": "1",
            },
        ),
        (
            "explainer",
            {
                "model": gru,
                "text": "12+34=46\n7+8=15",
                "step": "6",
                "temperature": "1.25",
                "top_k": "5",
                "top_p": "0.9",
            },
        ),
        ("explainer", {"model": gru, "other": ngram, "text": "12+34=46\n", "step": "3", "colour": "difference"}),
        ("explainer", {"model": gru, "text": "12+34=46\n", "view": "over training", "epoch": "1", "step": "4"}),
        (
            "explainer",
            {
                "model": gru,
                "text": "12+34=46\n" * 6,
                "view": "inside",
                "unit": "hidden-1-3",
                "colour": "unit",
                "step": "5",
            },
        ),
        (
            "explainer",
            {
                "model": transformer,
                "text": "BTSSXXTVVE\n",
                "view": "inside",
                "layer": "1",
                "head": "2",
                "step": "7",
            },
        ),
        (
            "explainer",
            {"model": paused, "text": "BTSXSE\nB", "view": "write with it", "temperature": "0.75", "seed": "42"},
        ),
        (
            "explainer",
            {
                "model": "mini-gpt",
                "text": "To be, or not",
                "view": "inside",
                "layer": "3",
                "head": "2",
                "step": "9",
            },
        ),
    ]
    links = []
    for page, settings in wanted:
        app = open_page(page, settings)
        assert not app.exception and not app.error, (page, settings, app.exception, app.error)
        link = settings_of(app)
        for key, value in settings.items():
            if key != "write" and link.get(key) != value:
                print(f"{page}: {key}={value!r} became {link.get(key)!r}", file=sys.stderr)
        again = open_page(page, link)
        assert settings_of(again) == link, (link, settings_of(again))
        texts = [element.value for element in again.code if not element.value.startswith("python -m")]
        links.append({"page": page, "link": link, "written": texts if page == "playground" else []})
    return links


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        os.environ |= {"CHARLAB_RUNS": str(folder / "runs"), "CHARLAB_CACHE": str(folder / "cache")}
        for name, record in (("links", record_links), ("expected", record_expected)):
            shutil.rmtree(folder / "runs", ignore_errors=True)
            shutil.copytree(HERE / "runs", folder / "runs")
            written = json.dumps(record(folder), ensure_ascii=False, indent=1 if name == "links" else None)
            (HERE / f"{name}.json").write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
