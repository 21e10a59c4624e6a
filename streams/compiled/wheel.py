"""The hook by which a wheel carries the compiled form (`[tool.hatch.build.targets.wheel.hooks]`).

Where it can't be built, the wheel is one for all platforms, and its modules run interpreted. With
SENDFLOW_FORM=compiled that is an error, with SENDFLOW_FORM=interpreted nothing is compiled.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledForm(BuildHookInterface[Any]):
    """Compiles before the files of the wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See BuildHookInterface. Raises BuildFailed."""
        asked = os.environ.get("SENDFLOW_FORM")
        if version == "editable" or asked == "interpreted":
            return
        os.environ.pop("SENDFLOW_FORM", None)  # it speaks of this build, not of this process
        sys.path.insert(0, self.root)
        from streams.compiled.build import BuildFailed, build
        from streams.compiled.library import library_folder

        package = Path(self.root) / "streams"
        try:
            build(package)
        except BuildFailed as failed:
            if asked == "compiled":
                raise
            self.app.display_warning(f"the wheel carries no compiled form: {failed}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        folder = library_folder(package).relative_to(self.root).as_posix()
        build_data["artifacts"].append(f"/{folder}/")
