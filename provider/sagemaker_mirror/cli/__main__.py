"""``python -m sagemaker_mirror.cli``, where the program is not on the path."""

from __future__ import annotations

import sys

from sagemaker_mirror.cli import main

if __name__ == "__main__":
    sys.exit(main())
