"""All of the API that is no page's own: one list for the application."""

from dialer.web.api import campaigns, counselors, house, meetings, people, try_script

API = [*campaigns.API, *people.API, *house.API, *meetings.API, *counselors.API, *try_script.API]
