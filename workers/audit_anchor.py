"""Anchors the audit log's head outside the database, every day and at the worker's start."""

from dialer.store.system import audit
from dialer.wiring.audit_anchors import read_anchors, write_anchor
from workers.jobs import Context


async def anchor_audit(ctx: Context) -> int:
    """Write the newest entry to the anchors' file, unless it stands there already; 1 if it was written."""
    parts, folder = ctx["parts"], ctx["settings"].dialer_data_dir
    async with parts.sessions() as session:
        head = await audit.head(session)
    if head is None or head.id in read_anchors(folder):
        return 0
    write_anchor(folder, head, parts.clock())
    return 1
