"""Accounts and access: who may run which command, for which purpose, about whom.

Belongs here: accounts and their grants in the office (accounts.py), who a caller is
(identity.py), what roles and commands are (rules.py), which feed goes to whom
(recipients.py), the one pure decision (policy.py), and the gate that every read passes and that writes the audit entry (gate.py).
Does not: what a purpose opens (warehouse/purposes.py), the audit log itself (warehouse/audit), commands (desk).

    reader = identify(home, user, token=token)
    with gate.passing(home, reader, Request("query", "elderly_care", ("name",)), now=now) as pass_:
        ...read with pass_.reading(purpose), or with pass_.areas and pass_.departments...
        pass_.saw(person_ids, rows)
    # the audit entry is on the disk: only now show anything
"""

from warehouse.access import gate
from warehouse.access.gate import Pass
from warehouse.access.identity import found, identify
from warehouse.access.model import CITY, AccessRefused, Decision, Grant, Reader, Request, Role
from warehouse.access.policy import decide

__all__ = [
    "CITY", "AccessRefused", "Decision", "Grant", "Pass", "Reader", "Request", "Role", "decide", "found", "gate", "identify",
]  # fmt: skip
