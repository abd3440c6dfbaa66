"""An issue as mail: compiled once, then addressed to each reader.

The only door to premailer. Knows no relay, no subscriber's state and no clock.
"""

from pipeline.mail.identity import list_id, message_id
from pipeline.mail.message import Compiled, Recipient, address, compile
from pipeline.mail.reading import Preview, preview, preview_html, preview_text
from pipeline.mail.render import MAX_HTML
from pipeline.mail.skeleton import Skeleton

__all__ = [
    "MAX_HTML",
    "Compiled",
    "Preview",
    "Recipient",
    "Skeleton",
    "address",
    "compile",
    "list_id",
    "message_id",
    "preview",
    "preview_html",
    "preview_text",
]
