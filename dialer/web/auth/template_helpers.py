"""What templates may say besides their own context: who reads (`reader()`), and the token that our forms carry.

Each form has `{{ form_field() }}` in it; a script sends `form_token()` as the header `X-CSRF`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import pass_context
from litestar.plugins.jinja import JinjaTemplateEngine
from markupsafe import Markup

from dialer.services.actor import Actor
from dialer.store.tables import KillSwitch
from dialer.web.auth import csrf
from dialer.web.halted import HALTED


def add_words(engine: JinjaTemplateEngine) -> None:
    """Make them known to every template."""
    for each in (reader, form_token, form_field, kill_switches):
        engine.engine.globals[each.__name__] = pass_context(each)


def reader(context: Mapping[str, Any]) -> Actor | None:
    """Who reads."""
    request = context.get("request")
    found: Actor | None = request.scope.get("user") if request is not None else None
    return found


def kill_switches(context: Mapping[str, Any]) -> Sequence[KillSwitch]:
    """The kill switches that are on."""
    request = context.get("request")
    found: Sequence[KillSwitch] = request.scope["state"].get(HALTED, ()) if request is not None else ()
    return found


def form_token(context: Mapping[str, Any]) -> str:
    """The token of the reader's forms; empty for who has no session of a browser."""
    who = reader(context)
    return csrf.form_token(who.key_hash) if who is not None and who.key_hash else ""


def form_field(context: Mapping[str, Any]) -> Markup:
    """A hidden field with it."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, form_token(context))
