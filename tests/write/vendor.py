"""A made-up vendor of people and teams that can be written to, over REST and through a queue of commands.

What it does is what its answers say, unless it is told to do less. `World` opens a directory over it: a clock that moves only
when someone waits, every call noted, and faults put in at the one seam of I/O.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from connector.account import open_account
from connector.catalog import Catalog, Loaded
from connector.cursor import Seal
from connector.directory import Directory
from connector.errors import ConnectorError
from connector.flow import Clock
from connector.questions import Questions
from connector.settings import Settings
from connector.wire import Answer, Call

__all__ = ["TOKEN", "Vendor", "World", "answer", "load", "write_connector"]

TOKEN = "vendor-token-0123456789"

CONNECTOR = """\
connector: made
label: A made-up vendor
unified: {users: [rest.people, queue.people], groups: [rest.teams, queue.teams]}
apis:
  rest: &rest
    secrets: {token: {label: Token}}
    base_url: https://rest.example/api
    auth: {style: bearer, token: "{secrets.token}"}
    check: none
    membership: on_group
    errors: [{when: {status: 409}, is: conflict, message: $.why}]
    resources:
      people:
        key: $.id
        list: {get: /people, records: "$.items[*]", paging: {style: snapshot, share_for: 60s}}
        get: {get: "/people/{id}"}
        create:
          post: /people
          effect: write
          takes: [username, first_name, last_name, title, status, emails]
          needs: [username]
          input: {note: {label: Note, required: false}}
          json: {person: "{record}", note: "{input.note}"}
          record: $.person
          verify: true
        update:
          patch: "/people/{id}"
          effect: write
          takes: [first_name, last_name, title, emails]
          json: "{changes:dotted}"
          verify: true
        transitions:
          status:
            inactive: {post: "/people/{id}/suspend", effect: write, verify: true}
            active: {post: "/people/{id}/activate", effect: write, verify: true}
        delete:
          delete: "/people/{id}"
          effect: write
          verify: true
          leaves: {status: inactive}
          says: "this vendor only suspends"
          warns: "what they own is lost"
      teams:
        key: $.id
        list: {get: /teams, records: "$.items[*]", paging: {style: none}}
        get: {get: "/teams/{id}"}
        create: {post: /teams, effect: write, takes: [name], json: "{record}"}
        update: {put: "/teams/{id}", effect: write, takes: [name], json: "{record}", repeatable: true, verify: true}
        members:
          add: {post: "/teams/{group}/members", effect: write, json: {mail: "{user.username}"}, verify: true}
          remove: {delete: "/teams/{group}/members/{user}", effect: write, verify: true}
  queue:
    secrets: {key: {label: Key}}
    base_url: https://queue.example
    auth: {style: header, header: Key, value: "{secrets.key}"}
    check: none
    membership: on_user
    exchanges:
      command:
        style: submit_and_poll
        takes: [line]
        submit: {post: /jobs, effect: read, json: {line: "{line}"}}
        ticket: $.ticket
        poll: {get: "/jobs/{ticket}", pending: {status: 202}, lost: {status: 404, $.lost: true}}
    errors:
      - {when: {status: 500, $.said: {contains: no such}}, is: not_found, message: $.said}
      - {when: {status: 500, $.said: {present: true}}, is: vendor_error, message: $.said}
      - {when: {status: 409, $.said: {present: true}}, is: conflict, message: $.said}
    resources:
      people:
        key: $.id
        list: {exchange: command, effect: read, give: {line: people}, records: "$.items[*]", paging: {style: snapshot, share_for: 60s}}
        get: {from: list}
        create:
          exchange: command
          effect: write
          takes: [username, first_name, title]
          needs: [username]
          input: {place: {label: Place, required: false}}
          give: {line: {words: ["invite {input.username:shell}", "--first {input.first_name:shell}", "--title {input.title:shell}", "--place {input.place:shell}"]}}
          record: null
          found_by: username
          verify: true
          outcomes:
            - {when: {$.said: {contains: invited again}}, is: unchanged, hint: "the invitation was sent again"}
            - {when: {$.said: {contains: " was invited"}}, is: done}
        update:
          exchange: command
          effect: write
          takes: [first_name, title]
          give: {line: {words: ["change {id:shell}", "--first {input.first_name:shell}", "--title {input.title:shell}"]}}
          verify: true
        transitions:
          status:
            inactive: {exchange: command, effect: write, give: {line: "lock {id:shell}"}, verify: true}
        delete: {exchange: command, effect: write, give: {line: "remove {id:shell} -f"}, verify: true}
      teams:
        key: $.id
        list: {exchange: command, effect: read, give: {line: teams}, records: "$.items[*]", paging: {style: none}}
        get: {from: list}
        members:
          add:
            exchange: command
            effect: write
            give: {line: "join {group:shell} {user:shell}"}
            verify: true
            outcomes: [{when: {$.said: {contains: queued}}, is: queued, hint: "until they are active"}]
          remove: {exchange: command, effect: write, give: {line: "leave {group:shell} {user:shell}"}, verify: true, otherwise: queued, says: "it takes a while"}
"""

PEOPLE = """\
source: {api}.people
unified: users
fields:
  id: $.id
  username: $.mail
  first_name: $.name.first
  last_name: $.name.last
  name: {{first_of: [$.shown, $.mail]}}
  title: $.title
  status: {{path: $.state, values: {{on: active, off: inactive, asked: invited}}}}
  emails: {{each: "$.mails[*]", item: {{email: $.at}}}}
  groups: {groups}
written: {{$.kind: person}}
filters:
  username: {{evaluate: here}}
  status: {{evaluate: here}}
"""

TEAMS = """\
source: {api}.teams
unified: groups
fields: {{id: $.id, name: $.title}}
{members}
"""


def write_connector(folder: Path) -> None:
    home = folder / "made"
    home.mkdir(parents=True)
    (home / "connector.yaml").write_text(CONNECTOR.replace("&rest", ""))
    in_teams = '{each: "$.teams[*]", item: {id: $}, if_missing: empty}'
    members = 'members: {each: "$.people[*]", user: $, matches: id}'
    (home / "rest.people.yaml").write_text(
        PEOPLE.format(api="rest", groups="null").replace("  groups: null\n", "")
    )
    (home / "queue.people.yaml").write_text(PEOPLE.format(api="queue", groups=in_teams))
    (home / "rest.teams.yaml").write_text(TEAMS.format(api="rest", members=members))
    (home / "queue.teams.yaml").write_text(TEAMS.format(api="queue", members=""))


def load(folder: Path) -> Loaded:
    write_connector(folder)
    return Catalog([folder]).load("made")


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers, raw)


Record = dict[str, Any]


@dataclass
class Vendor:
    """The vendor. With `idles` it says that it did and does nothing; with `keeps` it only suspends who is deleted."""

    people: dict[str, Record] = field(default_factory=dict)
    teams: dict[str, Record] = field(default_factory=dict)
    queued: list[tuple[str, str]] = field(default_factory=list)
    jobs: dict[str, Answer] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=list)
    idles: bool = False
    keeps: bool = False
    count: int = 0

    @classmethod
    def of_three(cls) -> Vendor:
        states = {"ada": "on", "bob": "off", "eve": "asked"}
        people = {
            f"u-{name}": {"id": f"u-{name}", "mail": f"{name}@acme.example", "state": state, "teams": []}
            for name, state in states.items()
        }
        teams: dict[str, Record] = {
            one: {"id": one, "title": one.upper(), "people": []} for one in ("t1", "t2")
        }
        return cls(people, teams)

    def send(self, call: Call) -> Answer:
        parts = urlsplit(call.url)
        body = json.loads(call.body) if call.body else None
        path = [unquote(one) for one in parts.path.split("/")[1:]]
        if parts.netloc == "queue.example":
            return self._queue(call.method, path, body)
        return self._rest(call.method, path[1:], body)

    def _rest(self, method: str, path: list[str], body: Any) -> Answer:
        match method, path:
            case "GET", [kind]:
                return answer({"items": list(self._of(kind).values())})
            case "POST", [kind]:
                given = body["person"] if kind == "people" else body
                if kind == "people" and any(one["mail"] == given["mail"] for one in self.people.values()):
                    return answer({"why": "taken"}, 409)
                made = {"state": "on", **given, "id": self._next()} | (
                    {} if kind == "people" else {"people": []}
                )
                if not self.idles:
                    self._of(kind)[made["id"]] = made
                return answer({"person": made} if kind == "people" else made, 201)
        kind, key, *rest = path
        found = self._of(kind).get(key)
        if found is None:
            return answer({"why": f"no {key}"}, 404)
        if method == "GET":
            return answer(found)
        if self.idles:
            return answer(b"", 204)
        match method, rest:
            case "PATCH" | "PUT", []:
                self._merge(found, body)
            case "POST", ["suspend"]:
                found["state"] = "off"
            case "POST", ["activate"]:
                found["state"] = "on"
            case "POST", ["members"]:
                user = next(one["id"] for one in self.people.values() if one["mail"] == body["mail"])
                found["people"].append(user)
            case "DELETE", ["members", user] if user not in found["people"]:
                return answer({"why": "no member"}, 404)
            case "DELETE", ["members", user]:
                found["people"].remove(user)
            case "DELETE", [] if self.keeps:
                found["state"] = "off"
            case "DELETE", []:
                del self._of(kind)[key]
        return answer(b"", 204)

    def _queue(self, method: str, path: list[str], body: Any) -> Answer:
        if method == "POST":
            ticket = self._next()
            self.jobs[ticket] = self.run(shlex.split(body["line"]))
            return answer({"ticket": ticket}, 202)
        return self.jobs.get(path[1]) or answer({"lost": True}, 404)

    def run(self, words: list[str]) -> Answer:
        """What a command does, and what is said of it."""
        self.lines.append(words)
        match words:
            case ["people"]:
                return answer({"items": list(self.people.values())})
            case ["teams"]:
                return answer({"items": list(self.teams.values())})
            case ["invite", mail, *options]:
                known = next((one for one in self.people.values() if one["mail"] == mail.lower()), None)
                if known is not None:
                    return answer({"said": f"{mail} was invited again"})
                made: Record = {"id": self._next(), "mail": mail.lower(), "state": "asked", "teams": []}
                self.people[made["id"]] = made
                self._options(made, options)
                return answer({"said": f"{mail} was invited"}, 207 if "error" in mail else 200)
        found = next((self.people[one] for one in words[1:] if one in self.people), None)
        if found is None:
            return answer({"said": f"no such user {words[1:]}"}, 500)
        match words:
            case ["join" | "leave", team, *_] if team not in self.teams:
                return answer({"said": f"no such team {team}"}, 500)
            case ["join", team, user] if found["state"] == "asked":
                self.queued.append((team, user))
                return answer({"said": "queued"})
            case _ if self.idles:
                return answer({"said": "done"})
            case ["join", team, _]:
                found["teams"].append(team)
            case ["leave", str(team), _]:
                found["teams"].remove(team)
            case ["lock", _] if found["state"] == "on":
                found["state"] = "off"
            case ["change", _, *options]:
                self._options(found, options)
            case ["remove", _, "-f"]:
                del self.people[found["id"]]
        return answer({"said": "done"})

    def _options(self, person: Record, options: list[str]) -> None:
        for name, value in zip(options[::2], options[1::2], strict=True):
            if name == "--first":
                person.setdefault("name", {})["first"] = value
            else:
                person[name.removeprefix("--")] = value

    def _merge(self, found: Record, body: Record) -> None:
        for dotted, value in body.items():
            *above, last = dotted.split(".")
            here = found
            for step in above:
                here = here.setdefault(step, {})
            here[last] = value

    def _of(self, kind: str) -> dict[str, Record]:
        return self.people if kind == "people" else self.teams

    def _next(self) -> str:
        self.count += 1
        return f"n{self.count}"


Fault = Callable[[Call], "Answer | ConnectorError | None"]


class World:
    """A directory over the vendor. `fault` may answer in its place, before or after the vendor has acted."""

    def __init__(self, loaded: Loaded, vendor: Vendor, api: str = "rest", **settings: Any) -> None:
        self.vendor, self.calls, self.time = vendor, list[Call](), 0.0
        self.before: Fault = lambda _: None
        self.after: Fault = lambda _: None
        clock = Clock(
            seconds=lambda: self.time,
            now=lambda: datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=self.time),
            random=lambda: 1.0,
        )
        opened = open_account(
            loaded,
            settings={},
            secrets={"rest.token": TOKEN, "queue.key": TOKEN},
            sources={"users": (f"{api}.people",), "groups": (f"{api}.teams",)},
        )
        self.questions = Questions(opened, Seal([b"k" * 32]), Settings(**settings), clock)
        self.directory = Directory(self.questions, self.send, self.sleep)

    @property
    def writes(self) -> list[Call]:
        """What was sent that changes something."""
        return [call for call in self.calls if call.effect == "write"]

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        self.time += 0.001
        for fault, act in ((self.before, True), (self.after, False)):
            said = fault(call)
            if isinstance(said, ConnectorError):
                raise said
            if said is not None:
                return said
            if act:
                done = self.vendor.send(call)
        return done

    def sleep(self, seconds: float) -> None:
        self.time += seconds
