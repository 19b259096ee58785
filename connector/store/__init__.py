"""What is kept between calls: accounts, with their secrets sealed, in SQLite or PostgreSQL.

Written once and synchronously over SQLAlchemy Core. Nothing in here knows a vendor, calls one, or holds a
secret in clear longer than the call that asked for it.
"""

__all__: list[str] = []
