"""Changes one thing at a vendor: checked, sent at most once, and believed only as far as it is proven.

What is asked becomes an `Intent` (pure), a `Plan` shows its exact request, `write` sends it. What was sent and got
no clear answer is `WriteOutcomeUnknown`; what the vendor calls done and isn't, `WriteNotEffective`.
"""

from connector.write.asking import check, find_entry, intent_of, unread
from connector.write.doing import Done, write
from connector.write.intent import Intent, add_member, create, delete, remove_member, update
from connector.write.planning import Plan, plan

__all__ = [
    "Done",
    "Intent",
    "Plan",
    "add_member",
    "check",
    "create",
    "delete",
    "find_entry",
    "intent_of",
    "plan",
    "remove_member",
    "unread",
    "update",
    "write",
]
