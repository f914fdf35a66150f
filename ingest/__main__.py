"""`python -m ingest ...`: the commands of this package alone, for the service's upload jobs."""

import sys

from service.cli import main

sys.exit(main())
