"""Every page of people: the handlers, for the application."""

from dialer.web.pages import calls, campaigns, files, home, leads, set_up

PAGES = [*home.PAGES, *set_up.PAGES, *campaigns.PAGES, *leads.PAGES, *calls.PAGES, *files.PAGES]
