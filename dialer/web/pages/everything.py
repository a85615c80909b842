"""Every page of people: the handlers, for the application."""

from dialer.web.pages import calls, campaigns, do_not_call, files, home, leads, lists, set_up

PAGES = [
    *home.PAGES,
    *set_up.PAGES,
    *campaigns.PAGES,
    *leads.PAGES,
    *calls.PAGES,
    *files.PAGES,
    *lists.PAGES,
    *do_not_call.PAGES,
]
