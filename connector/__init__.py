"""Directory Connector."""
