"""The built-in web server: pages and feeds, leaving with one click, and on this machine the outbox.

GET and HEAD never change anything.
"""

from pipeline.web.listening import listen
from pipeline.web.server import create_app

__all__ = ["create_app", "listen"]
