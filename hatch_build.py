"""Builds the page of the service into a wheel, where npm is there to do so."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface[Any]):
    """Builds what is not built; where npm cannot, the wheel has no page and the service says so."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, unless it is there or the package is only linked to."""
        del build_data
        web = Path(self.root) / "web"
        built = Path(self.root) / "src" / "maskwise" / "service" / "web" / "index.html"
        if version == "editable" or built.is_file() or not web.is_dir():
            return
        npm = shutil.which("npm")
        if npm is None:
            self.app.display_warning("npm is not installed: the wheel will have no page.")
            return
        for arguments in (["ci"], ["run", "build"]):
            done = subprocess.run([npm, *arguments], cwd=web, stdout=subprocess.DEVNULL)
            if done.returncode:
                shutil.rmtree(built.parent, ignore_errors=True)  # no half page
                self.app.display_warning(
                    f"npm {' '.join(arguments)} failed: the wheel will have no page."
                )
                return
