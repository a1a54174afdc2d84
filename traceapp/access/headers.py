"""Headers that every answer carries."""

from __future__ import annotations

from flask import Response, request

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": _PAGE_POLICY,
}


def add_headers(response: Response, is_https: bool) -> Response:
    """Add the headers that a view did not set for itself."""
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if is_https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        # Everything but our own scripts and styles may show what only this visitor may see.
        response.headers["Cache-Control"] = "no-store"
        response.vary.update(("Cookie", "Authorization", "Accept-Language"))
    return response
