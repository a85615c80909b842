"""Asking a process of ours whether it accepts work."""

import json
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

_opener = build_opener(ProxyHandler({}))


def is_healthy(url: str, timeout_s: float = 2.0) -> bool:
    """Whether `/health` at this loopback address says ok."""
    try:
        with _opener.open(url, timeout=timeout_s) as answer:
            return bool(json.load(answer).get("status") == "ok")
    except (URLError, HTTPException, OSError, ValueError):
        return False
