"""An issue as mail: compiled once, then addressed to each reader.

The only door to premailer. Knows no relay, no subscriber's state and no clock.
"""

from pipeline.mail.frame import MAX_HTML
from pipeline.mail.identity import list_id, message_id, return_path
from pipeline.mail.letter import Letter, LetterKind
from pipeline.mail.lint import CLIENTS, Finding, Support, lint, read_support
from pipeline.mail.message import Compiled, Recipient, address, compile, compile_letter
from pipeline.mail.packing import pack, unpack
from pipeline.mail.reading import Preview, preview, preview_html, preview_text
from pipeline.mail.render import Beside
from pipeline.mail.skeleton import Skeleton

__all__ = [
    "CLIENTS",
    "MAX_HTML",
    "Beside",
    "Compiled",
    "Finding",
    "Letter",
    "LetterKind",
    "Preview",
    "Recipient",
    "Skeleton",
    "Support",
    "address",
    "compile",
    "compile_letter",
    "lint",
    "list_id",
    "message_id",
    "pack",
    "preview",
    "preview_html",
    "preview_text",
    "read_support",
    "return_path",
    "unpack",
]
