"""A double of the vendor's cloud to try the connector against: `with Sandbox() as vendor: vendor.base_url`.

The one package here that knows the vendor by name. What of it is documented and what is made up stands in
each module. Importing it without the `server` extra fails with how to install that, and starts nothing.
"""

from __future__ import annotations

from connector.errors import ConfigurationInvalid

try:
    from connector.sandbox.registry import APIS, SANDBOXES, Access, access_to
    from connector.sandbox.server import Sandbox
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in {"litestar", "uvicorn"}:
        raise
    raise ConfigurationInvalid(
        f"the sandbox needs {missing.name}, which is not installed",
        hint="pip install 'directory-connector[server]'",
    ) from missing

__all__ = ["APIS", "SANDBOXES", "Access", "Sandbox", "access_to"]
