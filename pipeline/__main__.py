"""`python -m pipeline` is `partwork`."""

from pipeline.cli import main

main()
