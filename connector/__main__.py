"""`python -m connector`: the same as the command `connector`. Does nothing when it is imported."""

from __future__ import annotations

from connector.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
