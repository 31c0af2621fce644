"""Page: a report as one HTML file that needs nothing else and asks nobody."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from maskwise.dataset.samples import legible
from maskwise.evaluation import charts
from maskwise.evaluation.report import FIGURES, Report, percent
from maskwise.labels import label_words


def render_page(report: Report) -> str:
    """Render `report`; pictures and charts lie inside the page."""
    environment = Environment(
        loader=PackageLoader("maskwise.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        words=label_words,
        legible=legible,
        base64=lambda content: base64.b64encode(content).decode(),
        percent=percent,
    )
    metrics = report.metrics
    return environment.get_template("report.html.j2").render(
        report=report,
        metrics=metrics,
        figures=FIGURES,
        tiles=("accuracy", "precision", "recall", "f1"),
        learning_curves=charts.draw_learning_curves(report.history),
        confusion=charts.draw_confusion(metrics.confusion),
        roc=charts.draw_roc(metrics.roc) if metrics.roc else None,
        precision_recall=charts.draw_precision_recall(metrics.precision_recall)
        if metrics.precision_recall
        else None,
    )
