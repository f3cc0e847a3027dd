"""From where the dashboard can be reached. A desk is one person's, so that nobody else's computer may reach it."""

import ipaddress
import re
from urllib.parse import urlsplit

import streamlit as st

from pages.people.session import asks_to_sign_in
from pipelines.people.lab import FILE, find_lab

_PORT = re.compile(r":\d+$")


def refuse_open_desk() -> None:
    """End the server where others could reach it without signing in, or where a sign-in could be overheard.

    Raises:
        SystemExit: With one line that says why, and what to do.
    """
    if find_lab() is None and not asks_to_sign_in():
        address = st.get_option("server.address")
        if not is_loopback(address):
            raise SystemExit(
                f"The dashboard is not started on {address or 'all addresses'}: without sign-in, whoever reaches it "
                f"may read every file of this account. Leave the address localhost, or let people sign in ({FILE}; see "
                "the guide to running it for a lab)."
            )
    elif asks_to_sign_in():
        redirect = urlsplit(str(st.secrets["auth"].get("redirect_uri", "")))
        if redirect.scheme != "https" and not is_loopback(redirect.hostname):
            raise SystemExit(
                "The dashboard is not started: in [auth], redirect_uri has to begin with https, or everybody on the "
                "way could read the sign-in."
            )


def is_name_of_desk(host: str | None) -> bool:
    """Tell whether a request names this machine, or the name that a proxy of its owner gives it.

    A page of any site can have its own name lead to this machine, and its browser then takes both for one site.

    Args:
        host: As the header `Host` has it, with or without a port.
    """
    name = _PORT.sub("", host or "").lower()
    given = (st.get_option("browser.serverAddress"), *st.get_option("server.allowedHosts"))
    return bool(name) and (is_loopback(name) or name in given)


def is_loopback(address: str | None) -> bool:
    """Tell whether an address leads to this machine alone; none is all addresses."""
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
