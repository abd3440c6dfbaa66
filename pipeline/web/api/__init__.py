"""`/api`: what an operator's programs may look at and do, in JSON; described by OpenAPI 3.1.

Lists come page by page, errors as problem details (RFC 9457). Nothing here decides: jobs do.
"""

from pipeline.web.api.server import create_api

__all__ = ["create_api"]
