"""All of the API that is no page's own: one list for the application."""

from dialer.web.api import campaigns, counselors, meetings, records, system, try_script

API = [*campaigns.API, *records.API, *system.API, *meetings.API, *counselors.API, *try_script.API]
