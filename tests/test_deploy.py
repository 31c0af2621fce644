"""What deployment is described by fits what it deploys."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from maskwise.service.metrics import Metrics
from maskwise.service.uploads import Uploads
from maskwise.service.workers.job import Answer
from services import open_crew

REPOSITORY = Path(__file__).parents[1]
DEPLOY = REPOSITORY / "deploy"


def test_the_image_is_made_of_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--" not in line]
    assert len(copied) >= 4
    for name in (each for names in copied for each in names):
        assert (REPOSITORY / name).exists(), name
    assert "USER 10001" in lines
    last = max(index for index, line in enumerate(lines) if line.startswith("FROM"))
    assert lines.index("USER 10001") > last


def test_the_services_are_locked_in() -> None:
    compose: Any = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["maskwise"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    for each in compose["services"].values():
        for volume in each.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), source
    scraping: Any = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = scraping["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["maskwise:8000"]}]


def test_the_dashboard_asks_for_figures_that_there_are() -> None:
    text = (DEPLOY / "grafana" / "dashboards" / "maskwise.json").read_text(encoding="utf-8")
    asked = {
        name
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
        for name in re.findall(r"(?:maskwise|process)_[a-z_]+", target["expr"])
    }
    assert len(asked) >= 8
    crew = open_crew()
    try:
        metrics = Metrics()
        metrics.watch(crew, Uploads())
        metrics.count_request("POST", "/v1/detect", 200, 0.1)
        metrics.count_answers([Answer(200, {}, seconds={"queue": 0.1})])
        metrics.count_batch(1)
        metrics.count_event("worker_died")
        told = set(re.findall(r"^([a-z_]+)", metrics.to_text().decode(), re.MULTILINE))
    finally:
        crew.close()
    assert asked <= told


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    program = tmp_path / "maskwise"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "maskwise.service"
    text = (DEPLOY / "maskwise.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/maskwise/bin/maskwise", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
