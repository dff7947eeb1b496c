"""The one error of a run.

Belongs here: RunFailed, importable without Dagster.
"""


class RunFailed(RuntimeError):
    """A stage of the job failed; nothing was published, and the next run goes on from what is complete."""
