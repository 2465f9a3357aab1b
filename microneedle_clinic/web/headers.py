"""
The headers every answer carries: pages, files, redirects, errors, and what the web server says by itself.

One table, read by the outermost middleware and by the server's worker. A view may be stricter, never milder, except for
what `KEPT` names.
"""

# Nothing at all, for whatever is not a page: a file that is opened by itself runs nothing, loads nothing, is framed by nobody.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# A page made before the policy of the pages was at hand: our style sheet, fonts and pictures, and no script.
PLAIN_PAGE = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_NOBODY = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
# Staff sign in with passkeys, the screen of an open record stays awake; printing and full screen need no leave.
_OURS = ("screen-wake-lock", "publickey-credentials-create", "publickey-credentials-get")

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # not "no-referrer": forms would be sent without their origin, and refused
    "Permissions-Policy": ", ".join([*(f"{name}=()" for name in _NOBODY), *(f"{name}=(self)" for name in _OURS)]),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-DNS-Prefetch-Control": "off",
}
# Where photos are taken or codes are read, and nowhere else: a view says so by `uses_camera` on its answer.
CAMERA = {"Permissions-Policy": ALWAYS["Permissions-Policy"].replace("camera=()", "camera=(self)")}
# What a page may say itself, and how long a file may be kept; the rest is set over whatever was said.
POLICY, CACHE = "Content-Security-Policy", "Cache-Control"
KEPT = (POLICY, CACHE)
HSTS = "Strict-Transport-Security"
NEVER = ("Access-Control-Allow-Origin", "X-Powered-By", "X-XSS-Protection")


def policy_for(content_type: str) -> str:
    """The content policy of an answer that brought none."""
    return PLAIN_PAGE if content_type.startswith("text/html") else NOTHING


def wanted(content_type: str, *, hsts: str = "", uses_camera: bool = False) -> dict[str, str]:
    """All headers of an answer that brought none; *hsts* where it goes out over https."""
    found = {**ALWAYS, **(CAMERA if uses_camera else {}), POLICY: policy_for(content_type), CACHE: "no-store"}
    return {**found, HSTS: hsts} if hsts else found


def put_on(response, *, hsts: str = "") -> None:
    """Set them on a Django *response*."""
    kind = response.get("Content-Type", "")
    if not kind.startswith("text/html") and POLICY in response.headers:
        del response.headers[POLICY]  # that of the pages, which allows more than a file needs
    for name, value in wanted(kind, hsts=hsts, uses_camera=getattr(response, "uses_camera", False)).items():
        stands = response.headers.get(name, "")
        if name not in KEPT or not stands or (name == CACHE and "public" not in stands):
            response.headers[name] = value
    for name in NEVER:
        if name in response.headers:
            del response.headers[name]
