"""Settings for every test.

Hypothesis: no deadline, because machines are noisy and no test asserts a time; in continuous integration always the same examples, so
that a submission is judged by what it changes. Locally new examples are tried at every run.
"""

from __future__ import annotations

import os
import sys

from hypothesis import settings

settings.register_profile("onegrid", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("onegrid")

# PySpark takes a main module without a file, as the workers of pytest-xdist have, for a run of its own doctests and ends the process when
# Great Expectations imports it.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = "a worker of pytest"
