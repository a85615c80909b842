"""Import a list from a file, with an error report of the rows that could not be imported."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.leads.detect_reimport import without_ours
from dialer.services.leads.error_report import ErrorReport
from dialer.services.leads.import_list import DEFAULT_OPTIONS, Imported, ImportOptions, import_leads
from dialer.services.leads.read_file import DETECT_ALL, Format, file_hash, read_list
from dialer.services.leads.validate import ValidatedRow
from dialer.store.campaigns import campaigns
from dialer.store.sessions import Sessions


class NoCampaignError(ValueError):
    """There is no campaign with this name."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import: exact counts, and the file of rows to fix and import again."""

    imported: Imported
    fix_file: Path | None
    detected: str = ""
    rejected: tuple[ValidatedRow, ...] = ()
    """The first rows that need a person."""

    def as_dict(self) -> dict[str, Any]:
        """Return the counts that `leads import --json` promises."""
        fix = str(self.fix_file) if self.fix_file else None
        return {**self.imported.counts.as_dict(), "columns": dict(self.imported.columns), "fix_file": fix}

    def in_full(self) -> dict[str, Any]:
        """Return everything: for a dry run, and for the API."""
        counts = self.imported.counts
        return {
            **self.as_dict(),
            "import_id": self.imported.import_id,
            "detected": self.detected,
            "notes": dict(counts.notes),
            "campaigns": dict(counts.campaigns),
        }

    def line(self) -> str:
        """Return the exact counts in one line."""
        counts = self.imported.counts.as_dict()
        reasons = counts.pop("rejected_by_reason")
        numbers = ", ".join(f"{name} {number}" for name, number in counts.items())
        why = f" ({', '.join(f'{reason} {number}' for reason, number in sorted(reasons.items()))})" if reasons else ""
        fix = f"; to fix and import again: {self.fix_file}" if self.fix_file else ""
        return f"{numbers}{why}{fix}"


async def import_file(
    sessions: Sessions,
    actor: Actor,
    file: Path,
    campaign_name: str,
    *,
    data_dir: Path,
    mapping: dict[str, str] | None = None,
    said: Format = DETECT_ALL,
    options: ImportOptions = DEFAULT_OPTIONS,
    is_queued: bool = False,
) -> ImportReport:
    """Import a list in one transaction, or (`options.dry`) say what would become of each row.

    `is_queued` is for a job: the permission was checked and the audit entry written when it was queued.

    Raises:
        ForbiddenError: `actor` may not import lists.
        NoPhoneError: no column of the list is known to be the phone.
        NoCampaignError: there is no such campaign.
        UnreadableListError: the file is no list.
    """
    if not is_queued:
        actor.require(actions.LIST_IMPORT)
    sha256 = file_hash(file)
    reading = read_list(file, said)
    stem = re.sub(r"[^\w-]+", "-", f"{campaign_name}-{file.stem}").strip("-")
    fix = ErrorReport(data_dir / "fix" / f"{stem}-{sha256[:8]}.csv", without_ours(reading.header))
    try:
        async with sessions.begin() as session:
            campaign = await campaigns.named(session, campaign_name)
            if campaign is None:
                raise NoCampaignError(
                    f"there is no campaign {campaign_name!r}; make it: dialer campaign create {campaign_name!r}"
                )
            imported = await import_leads(
                session,
                campaign,
                reading,
                file=file.name,
                sha256=sha256,
                by=actor.email,
                mapping=mapping,
                asked=replace(options, rejected=fix.add),
            )
            if not is_queued:
                details = {"campaign": campaign_name, "file": file.name, "dry_run": options.dry}
                await record(session, actor, actions.LIST_IMPORT, details)
        return ImportReport(imported, fix.keep(), reading.detected.line(), tuple(fix.first))
    finally:
        fix.drop()
