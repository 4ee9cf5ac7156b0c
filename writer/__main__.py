import sys

from writer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
