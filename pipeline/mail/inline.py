"""The only door to premailer: style rules become style attributes, and no word is lost.

premailer costs 130 ms to import, so it is imported when the first issue is compiled. Its one cache
serves three functions; with the default of 128 entries they push each other out. `pipeline.app`
sets PREMAILER_CACHE_MAXSIZE, which is read at that import: a stage has no environment.
"""

from __future__ import annotations

import html
import re

from pipeline.errors import MailError

CRITICAL = 50
"""logging.CRITICAL: the inliner's parser is not to talk of what it does not know."""

_UNSEEN = re.compile(r"<!--.*?-->|<(style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"""</?[A-Za-z!](?:"[^"]*"|'[^']*'|[^'">])*>""")


def inline(source: str, where: str) -> str:
    """The document with its style in attributes; blocks marked `data-premailer="ignore"` stay.

    Args:
        source: A whole HTML document.
        where: The issue, for the message of the error.

    Raises:
        MailError: Words were lost on the way, as happens inside 255 nested elements.
    """
    from premailer import Premailer

    done: str = Premailer(
        align_floating_images=False,
        allow_loading_external_files=False,
        allow_network=False,
        capitalize_float_margin=False,
        cssutils_logging_level=CRITICAL,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        disable_link_rewrites=True,
        disable_validation=True,
        exclude_pseudoclasses=True,
        include_star_selectors=False,
        keep_style_tags=False,
        remove_classes=False,
        strip_important=False,
    ).transform(source, pretty_print=False)
    if words(done) != words(source):
        raise MailError(
            where,
            "words were lost when its style was inlined",
            "nest its lists and quotes less deeply, and look for HTML that is not closed",
        )
    return done


def words(document: str) -> str:
    """Every character that a reader sees, without the spaces between them."""
    seen = _TAG.sub(" ", _UNSEEN.sub(" ", document))
    return "".join(html.unescape(seen).split())
