"""All of the API that is no page's own: one list for the application."""

from dialer.web.api import campaigns, counselors, limits, meetings, records, system, try_script

API = [*campaigns.API, *records.API, *system.API, *limits.LIMITS, *meetings.API, *counselors.API, *try_script.API]
