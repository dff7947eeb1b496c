"""The assets about persons: who is who, how good the links are, and the model that links them.

Belongs here: names, dependencies, checks and metadata. What happens is in `pipelines/person_stages.py`.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import dagster as dg

from pipelines import person_stages
from pipelines.installation import Installation
from pipelines.person_stages import LinkQuality, Persons
from resolvers.quality import Severity
from sources.catalogue import load_catalogue

GROUP = "city"
PERSONS = dg.AssetKey(["city", "persons"])
LINK_QUALITY = dg.AssetKey(["city", "link_quality"])
LINK_MODEL = dg.AssetKey(["models", "persons"])
VERDICTS = ("link_precision", "link_recall", "subgroups_alike", "unlinkable_mentions", "probabilities_agree_with_trial")

_PERSON_CHECKS = [
    dg.AssetCheckSpec("churn", asset=PERSONS, description="No more ids changed, merged or split than the changed mentions explain."),
    dg.AssetCheckSpec("blocking", asset=PERSONS, description="No blocking rule had to leave out keys that too many records share."),
    dg.AssetCheckSpec("decisions", asset=PERSONS, description="Decisions of reviewers do not contradict each other."),
]


def _person_verdicts(found: Persons) -> list[dg.AssetCheckResult]:
    exceeded = {name: f"{count} of at most {most}" for name, (count, most) in found.churn_exceeded.items()}
    return [
        dg.AssetCheckResult(check_name="churn", passed=not exceeded, severity=dg.AssetCheckSeverity.ERROR,
                            metadata={**found.churn, **exceeded}),
        dg.AssetCheckResult(check_name="blocking", passed=not found.degraded, severity=dg.AssetCheckSeverity.WARN,
                            description="\n".join(found.degraded) or None, metadata={"rules_degraded": len(found.degraded)}),
        dg.AssetCheckResult(check_name="decisions", passed=not found.decisions.conflicting, severity=dg.AssetCheckSeverity.WARN,
                            metadata={"applied": found.decisions.applied, "dormant": found.decisions.dormant,
                                      "contradicting": found.decisions.conflicting}),
    ]


@dg.asset(key=PERSONS, deps=[dg.AssetKey(["mentions", category]) for category in load_catalogue().contracts], group_name=GROUP,
          kinds={"splink", "duckdb"}, check_specs=_PERSON_CHECKS,
          description="Which mentions speak of one person; person ids stay the same from run to run.")
def persons(installation: Installation) -> dg.MaterializeResult:
    found = person_stages.resolve_persons(installation.con, installation.home_path, installation.spark_master or None)
    counts = dict(found.counts)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), **counts}, check_results=_person_verdicts(found))


def _quality_verdicts(found: LinkQuality) -> list[dg.AssetCheckResult]:
    severities = {Severity.WARN: dg.AssetCheckSeverity.WARN, Severity.ERROR: dg.AssetCheckSeverity.ERROR}
    return [dg.AssetCheckResult(check_name=verdict.name, passed=verdict.passed, severity=severities[verdict.severity],
                                metadata=dict(verdict.facts)) for verdict in found.verdicts]


@dg.asset(key=LINK_QUALITY, deps=[PERSONS], group_name=GROUP, kinds={"splink", "duckdb"},
          check_specs=[dg.AssetCheckSpec(name, asset=LINK_QUALITY) for name in VERDICTS],
          description="Precision and recall of the links, estimated without labels, per subgroup and with intervals.")
def link_quality(installation: Installation) -> dg.MaterializeResult:
    found = person_stages.estimate_link_quality(installation.con, installation.home_path)
    counts = dict(found.counts)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), "page": dg.MetadataValue.path(found.page), **counts},
                                check_results=_quality_verdicts(found))


@dg.asset(key=LINK_MODEL, group_name="models", kinds={"splink"},
          description="The linkage model, trained anew on the mentions of the last run. Only the job train_link_model makes it.")
def link_model(installation: Installation) -> dg.MaterializeResult:
    report = person_stages.train_model(installation.con, installation.home_path)
    return dg.MaterializeResult(metadata={"report": dg.MetadataValue.json(report)})


PERSON_ASSETS = [persons, link_quality]
