"""The page of a fleet -> one HTML document that needs nothing but itself, and runs no script."""

from __future__ import annotations

from lltool.reports.fleet_page import FleetPage
from lltool.reports.render import content_security_policy, environment, text_of


def render_fleet(page: FleetPage) -> str:
    """The whole HTML document. The same ``page`` always gives the same text."""
    styles = [text_of("style.css")]
    policy = content_security_policy(styles, ())
    return environment().get_template("fleet.html.j2").render(page=page, styles=styles, policy=policy)
