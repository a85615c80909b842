"""Every page of people: the handlers, for the application."""

from dialer.web.pages import (
    calls,
    campaigns,
    counselors,
    do_not_call,
    files,
    home,
    jobs,
    leads,
    lists,
    meeting,
    meetings,
    rehearse,
    reports,
    scripts,
    set_up,
    settings,
    try_script,
    week,
)

PAGES = [
    *(*home.PAGES, *set_up.PAGES, *campaigns.PAGES, *leads.PAGES, *lists.PAGES, *jobs.PAGES),
    *(*rehearse.PAGES, *calls.PAGES, *files.PAGES, *meetings.PAGES, *meeting.PAGES, *counselors.PAGES, *week.PAGES),
    *(*scripts.PAGES, *try_script.PAGES, *do_not_call.PAGES, *reports.PAGES, *settings.PAGES),
]
