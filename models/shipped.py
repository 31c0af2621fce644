"""Trains, calibrates, judges and exports the bundle that is shipped inside the package.

    python models/shipped.py DATA OUT

DATA is as `material.py` says. The network is judged on the validation part of the scenes, and
trained on no near-duplicate of it. The run, its reports, a plot and the bundle land in OUT; cut
off, the script goes on where it was. `make model` runs it and puts the bundle into the package.
"""

import argparse
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Final

import maskwise as mw
from maskwise.cli.console import hushed, say
from maskwise.cli.train import TrainingProgress
from maskwise.durable import make_folder, write_text
from maskwise.evaluation.charts import reliability_plot
from maskwise.evaluation.scenes.judge import evaluate_scenes
from maskwise.evaluation.validation import calibrate
from maskwise.exporters.export import export
from maskwise.inference.decision import DecisionRule
from maskwise.runs.run import Run
from material import all_pictures, scenes_to_judge_on, without_copies_of

RATES: Final = (0.05, 0.03, 0.02, 0.01)
"""Of errors, and of bare faces missed strictly: the least that the validation side suffices for is
promised. They are tried from the first on, and the first that fails ends it."""
LEAST_PROBABILITY: Final = 0.9
"""Of what is answered. Where the rule allows less it hangs on two or three mistakes of the
validation side: four trainings gave from 0.76 to 0.94. What is surer keeps the promise, too."""
LICENCE: Final = "Apache-2.0"
ABOUT_MD: Final = Path(__file__).with_name("about.md")
"""What its card says that no program can know."""


def promised(run: Path) -> DecisionRule:
    """Calibrate, with the least rates that can be promised; none if not even the first can.

    Answers have LEAST_PROBABILITY at least. The rule is written into the run.
    """
    tried = [calibrate(run, max_error=rate, max_missed=rate) for rate in RATES]
    kept = list(takewhile(lambda rule: rule.guaranteed, tried))
    strict = list(takewhile(lambda rule: rule.require_strict().guaranteed, tried))
    max_error = kept[-1].max_error if kept else None
    max_missed = strict[-1].require_strict().max_missed if strict else None
    rule = calibrate(run, max_error=max_error, max_missed=max_missed)
    rule = replace(rule, min_probability=max(rule.min_probability, LEAST_PROBABILITY))
    Run.open(run).write_decision(rule.to_dict())
    return rule


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    run = arguments.out / "run"
    judged_on = scenes_to_judge_on(arguments.data)
    data = without_copies_of(judged_on, all_pictures(arguments.data))
    with TrainingProgress() as watcher:
        mw.train(data, out=run, recipe="maskwise", resume=True, watcher=watcher)
    say(str(promised(run)))
    report = mw.evaluate(run)
    report.write(run)
    write_text(arguments.out / "calibration.svg", reliability_plot(report.metrics) or "")
    make_folder(run / "on-scenes")
    evaluate_scenes(run, judged_on, min_size_px=20).write(run / "on-scenes")
    with hushed():
        bundle = export(
            run,
            arguments.out / "bundle",
            name="maskwise",
            licence=LICENCE,
            about=ABOUT_MD.read_text(encoding="utf-8"),
        )
    for model in bundle.models:
        say(f"{model.runtime} {model.precision}: {dict(model.proof)}")


if __name__ == "__main__":
    main()
