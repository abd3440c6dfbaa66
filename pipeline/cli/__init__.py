"""The command line `partwork`: parses, calls one job, shows its report.

Exit codes: 0 done, 1 failed, 2 usage or settings, 3 partly done.
"""

from __future__ import annotations

import os
import sys

from pipeline.cli import (
    convert,
    deliveries,
    guides,
    instances,
    issues,
    programs,
    related,
    running,
    signing,
    sites,
    stores,
    subscribers,
)
from pipeline.cli.root import app
from pipeline.cli.show import complain, fault
from pipeline.errors import ConfigError, PartworkError, UsageError

__all__ = ["app", "convert", "main"]

guides.register(app)
issues.register(app)
deliveries.register(app)
related.register(app)
sites.register(app)
running.register(app)
signing.register(app)
subscribers.register(app)
stores.register(app)
instances.register(app)
programs.register(app)


def main() -> None:
    """Run the command line; no traceback reaches the user for what we raise on purpose."""
    try:
        app()
    except (ConfigError, UsageError) as error:
        complain(str(error))
        sys.exit(2)
    except PartworkError as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells have it
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if "PARTWORK_TRACE" in os.environ:
            raise
        complain(fault(error))
        sys.exit(1)
