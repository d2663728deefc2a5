"""``python -m gan_lessons``: the command line of the package."""

import sys

from gan_lessons.commands import main

if __name__ == "__main__":
    sys.exit(main())
