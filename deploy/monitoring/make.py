"""Make dashboard.json and alerts.yaml from the list of metrics: ``python -m deploy.monitoring.make``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import metrics
from pipeline.metrics import ALERT_RULES, METRICS, Metric

HERE = Path(__file__).parent
WIDTH, HEIGHT, A_ROW = 12, 8, 2


def dashboard() -> str:
    """Return the dashboard: one panel for each metric, counters as rates, the histogram as quantiles."""
    panels = [_panel(number, metric) for number, metric in enumerate(METRICS)]
    board: dict[str, Any] = {
        "title": "Newswire",
        "uid": "newswire",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    }
    return json.dumps(board, indent=1) + "\n"


def _panel(number: int, metric: Metric) -> dict[str, Any]:
    row, column = divmod(number, A_ROW)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": metric.help.rstrip("."),
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": metric.unit}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + n), "expr": expr, "legendFormat": legend}
            for n, (expr, legend) in enumerate(_queries(metric))
        ],
    }


def _queries(metric: Metric) -> Iterator[tuple[str, str]]:
    name, by = metric.full_name, ", ".join(metric.labels)
    legend = " ".join(f"{{{{{label}}}}}" for label in metric.labels)
    if metric.kind == "counter":
        yield f"sum by ({by}) (rate({name}[5m]))", legend
    elif metric.kind == "histogram":
        for quantile in (0.5, 0.95):
            yield f"histogram_quantile({quantile}, sum by (le) (rate({name}_bucket[15m])))", f"p{quantile * 100:.0f}"
    elif metric is metrics.READY:
        yield f"min by (job, instance) ({name})", "{{job}} {{instance}}"
    else:
        # Several processes may tell of the same.
        yield f"max by ({by}) ({name})" if by else f"max({name})", legend


def alerts() -> str:
    """Return the alert rules as YAML, which JSON is a part of."""
    rules = [
        {
            "alert": rule.name,
            "expr": rule.expr,
            "for": rule.for_,
            "labels": {"severity": rule.severity},
            "annotations": {"summary": rule.summary},
        }
        for rule in ALERT_RULES
    ]
    return json.dumps({"groups": [{"name": "newswire", "rules": rules}]}, indent=1) + "\n"


FILES = {"dashboard.json": dashboard, "alerts.yaml": alerts}


if __name__ == "__main__":
    for file, made in FILES.items():
        (HERE / file).write_text(made(), "utf-8")
