"""Serials in; RSS 2.0, Atom 1.0 and JSON Feed 1.1 out, saying the same."""

from pipeline.feed.compose import entry, serial_feed
from pipeline.feed.json_feed import render_json
from pipeline.feed.xml import render_atom, render_rss

__all__ = ["entry", "render_atom", "render_json", "render_rss", "serial_feed"]
