"""The audit log of an installation: who looked at whose data, when, why; append-only, hash-chained, keyed.

Belongs here: writing an entry so that it survives a power cut (log.py), reading the log and finding what was changed in it
(verifying.py), large sets of persons (persons.py).
Does not: deciding who may read (warehouse/access), what is read. No entry carries a value of an attribute: persons are named
by their ids, what was asked by a code or by a keyed digest of the text.

    home/audit.log      JSON Lines, mode 600; each line states the hash of the line before and its own HMAC-SHA256
    home/audit.head     sequence and hash of the newest entry, signed: finds what was cut off the end
    home/audit.lock     held while one process appends
    home/audit.persons/ the persons of entries that name many, one file per set under the digest of its content

The keys of the chain are derived from the key of the installation (keys.py). Who holds that key can write another log; who
can only change files cannot, with one exception: log and head together put back to an earlier state form a valid log. Note
the newest hash elsewhere (`onegrid audit verify` prints it) and state it again later: `verify(home, since=...)`.
"""

from warehouse.audit.log import record
from warehouse.audit.model import (
    HEAD_FILE,
    LOCK_FILE,
    LOG_FILE,
    ORIGIN,
    REPAIR,
    AuditProblem,
    Entry,
    Fault,
    Finding,
    Look,
    Outcome,
    Verdict,
    checked_user,
    digest,
)
from warehouse.audit.persons import all_named
from warehouse.audit.usage import MANY_QUESTIONS, Usage, usage
from warehouse.audit.verifying import entries, verify

__all__ = [
    "HEAD_FILE", "LOCK_FILE", "LOG_FILE", "MANY_QUESTIONS", "ORIGIN", "REPAIR", "AuditProblem", "Entry", "Fault", "Finding", "Look",
    "Outcome", "Usage", "Verdict", "all_named", "checked_user", "digest", "entries", "record", "usage", "verify",
]  # fmt: skip
