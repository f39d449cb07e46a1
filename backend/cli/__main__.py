"""`python -m backend.cli`."""

from backend.cli.commands import main

if __name__ == "__main__":
    main()
