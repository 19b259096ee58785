"""The process that `tests.commander.service` starts: the real Commander service over the doubled cloud.

Its one argument is a folder: `options.json` and `holdings.json` say what to run, `executed.jsonl` and
`refused.jsonl` say what happened. Of the vendor's code nothing is replaced but its HTTP (see `cloud`), the log-in,
and the two lines that start Flask, so that it listens on 127.0.0.1 at a port that is free.

It never dials: an audit hook, which no code in the process can take out again, refuses whatever is not loopback,
and other programs. It ends when the process that started it does.
"""

from __future__ import annotations

import io
import ipaddress
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["Refused", "forbid_dialling", "forbid_programs"]

_FAR = "9999-01-01T00:00:00"


class Refused(OSError):
    """Something wanted to leave the machine."""


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _is_loopback(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def forbid_dialling(refused: Path) -> None:
    """From now on no socket of this process reaches anything but loopback, whatever library opens it."""

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
            host = args[1][0] if isinstance(args[1], tuple) else "localhost"
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = args[0] or "localhost"
        else:
            return
        if not _is_loopback(host):
            _refuse(refused, f"{event} {host}")

    sys.addaudithook(watch)


def forbid_programs(refused: Path) -> None:
    """From now on this process starts no other, which could dial. Its imports may: ctypes asks the linker."""

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"):
            _refuse(refused, f"{event} {args[:1]}")

    sys.addaudithook(watch)


def _refuse(refused: Path, what: str) -> NoReturn:
    _append(refused, what)
    raise Refused(f"the service may not leave its process: {what}")


def _end_with_parent() -> None:
    def watch() -> None:
        os.read(0, 1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    sys.stdin = io.StringIO()  # a command that asks a person something gets the end of the file


def _configure(options: dict[str, Any]) -> None:
    """The service's own configuration file, written and encrypted by the service's own code."""
    from keepercommander import utils
    from keepercommander.service.config.service_config import ServiceConfig

    home = utils.get_default_path()
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.json").write_text(json.dumps({"private_key": utils.base64_url_encode(os.urandom(32))}))
    config = ServiceConfig()
    settings = config.create_default_config()
    record = config.record_handler.create_record(
        "n", options["allowed_commands"], existing_api_key=options["api_key"]
    )
    settings |= {
        "port": options["port"],
        "fileformat": "json",
        "is_advanced_security_enabled": "y",
        "rate_limiting": options["rate"],
        "ip_allowed_list": options["allowed_ips"],
        "ip_denied_list": options["denied_ips"],
        "encryption": "y" if options["encryption_key"] else "n",
        "encryption_private_key": options["encryption_key"] or "",
        "queue_enabled": "y" if options["queue"] else "n",
        "records": [{**record, "expiration_timestamp": _FAR}],
    }
    handler = config.format_handler
    handler.encrypt_config_file(config.save_config(settings, "json"), handler.config_dir)


def main(folder: Path, listening: int) -> None:
    refused = folder / "refused.jsonl"
    forbid_dialling(refused)
    _end_with_parent()

    import requests.adapters
    from keepercommander import api, cli
    from keepercommander.service.app import create_app
    from keepercommander.service.core.globals import init_globals
    from werkzeug.serving import make_server

    from tests.commander.cloud import Cloud

    options = json.loads((folder / "options.json").read_text(encoding="utf-8"))
    cloud = Cloud(folder / "holdings.json", lambda what: _append(refused, what))
    requests.adapters.HTTPAdapter.send = (  # type: ignore[method-assign]
        lambda _adapter, sent, **_how: cloud.send(sent)
    )
    _configure(options)

    execute = cli.do_command

    def noting(params: Any, line: str) -> Any:
        _append(folder / "executed.jsonl", line)
        return execute(params, line)

    cli.do_command = noting
    params = cloud.log_in()
    api.query_enterprise(params)
    assert params.enterprise.get("nodes"), "the enterprise was not loaded"
    init_globals(params)
    server = make_server("127.0.0.1", options["port"], create_app(), threaded=True)
    forbid_programs(refused)
    os.write(listening, f"{server.server_port}\n".encode())
    server.serve_forever()


if __name__ == "__main__":
    # What the vendor's code prints is for people; the line that says the port must not get mixed with it.
    told_parent = os.dup(1)
    os.dup2(2, 1)
    main(Path(sys.argv[1]), told_parent)
