"""Every page of people: the handlers, for the application."""

from dialer.web.pages import calls, downloads, home, jobs, reports, settings
from dialer.web.pages.campaigns import campaign_wizard, campaigns, rehearsal, scripts, try_script
from dialer.web.pages.leads import do_not_call, import_wizard, leads
from dialer.web.pages.meetings import counselors, meeting, meetings, week

PAGES = [
    *(*home.PAGES, *campaign_wizard.PAGES, *campaigns.PAGES, *leads.PAGES, *import_wizard.PAGES, *jobs.PAGES),
    *(
        *rehearsal.PAGES,
        *calls.PAGES,
        *downloads.PAGES,
        *meetings.PAGES,
        *meeting.PAGES,
        *counselors.PAGES,
        *week.PAGES,
    ),
    *(*scripts.PAGES, *try_script.PAGES, *do_not_call.PAGES, *reports.PAGES, *settings.PAGES),
]
