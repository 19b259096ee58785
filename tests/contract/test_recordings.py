"""Answers of the vendor's real Commander service, each given to the connector where it would meet it.

fixtures/keeper/recordings/ holds the answers and a table of what each of them means; fixtures/README.md describes both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from connector import yamlfile
from connector.ask import ask
from connector.errors import ConnectorError, VendorUnavailable
from connector.flow import Budget, Clock, drive
from connector.wire import Answer, Call
from tests.contract.cases import FIXTURES, CallSet, cases, read_listing

FOLDER = FIXTURES / "keeper" / "recordings"
QUEUED = CallSet("keeper", "commander")
DIRECT = CallSet("keeper", "commander_v1")
CASES = {f"{case.source}/{case.name}": case for case in cases() if case.connector == "keeper"}
UNASKED = "transfer_status"
"""A column that the recorded commands asked for and the connector's don't: the cases are without it."""
DONE = Answer(200, {}, b'{"status":"success","data":[]}')

Recording = dict[str, Any]

RECORDINGS: list[Recording] = [
    json.loads(line) for line in (FOLDER / "commander.jsonl").read_text(encoding="utf-8").splitlines()
]
TABLE = yamlfile.read(FOLDER / "expected.yaml")
LABELS = [label for part in TABLE.values() for label in part]


def is_of(recording: Recording, label: str) -> bool:
    """Whether the row of this label is about it; `*` stands for whatever follows."""
    own: str = recording["label"]
    return own.startswith(label[:-1]) if label.endswith("*") else own == label


def rows_of(part: str) -> list[tuple[Recording, Any]]:
    """Each recording that is an answer to this, with what is expected of it."""
    return [
        (recording, row)
        for recording in RECORDINGS
        for label, row in TABLE[part].items()
        if is_of(recording, label)
    ]


def shown(value: Any) -> str:
    return str(value["label"])[:70] if isinstance(value, dict) and "label" in value else ""


def answer_of(recording: Recording) -> Answer:
    headers = {name.lower(): value for name, value in recording["headers"].items()}
    return Answer(recording["status"], headers, json.dumps(recording["body"]).encode())


TICKET = answer_of(RECORDINGS[0])
SUBMITS, RESULTS, AT_ONCE = rows_of("submit"), rows_of("result"), rows_of("direct")
REFUSALS = [(recording, row) for recording, row in SUBMITS if row != "ticket"]
BY_A_COMMAND = [(recording, row) for recording, row in RESULTS if row not in ("pending", "lost")]
LISTINGS = [(recording, row) for recording, row in (*RESULTS, *AT_ONCE) if "rows" in row]


def asked(calls: CallSet, *answers: Answer) -> tuple[Any, list[Call]]:
    """(what comes of these answers, the last for whatever else is asked; what was asked)."""
    opened = calls.open()
    api = opened.apis["commander"]
    assert not isinstance(api.definition.check, str)
    sent: list[Call] = []

    def send(call: Call) -> Answer:
        sent.append(call)
        return answers[min(len(sent), len(answers)) - 1]

    flow = ask(opened, api, api.definition.check, {}, Budget(Clock()))
    try:
        return drive(flow, send, lambda _seconds: None), sent
    except ConnectorError as error:
        return error, sent


def check(said: Any, recording: Recording, row: Any) -> None:
    """What came of it is its body, or the error with the vendor's own words."""
    body = recording["body"]
    if not isinstance(row, Mapping) or "error" not in row:
        assert said == body
        return
    assert isinstance(said, ConnectorError)
    assert said.code == row["error"]
    assert (body["error"] if "error" in body else body["message"]) in said.message
    assert row.get("hint", "") in (said.hint or "")


def test_each_recording_has_one_row_and_each_row_a_recording() -> None:
    assert len(RECORDINGS) == 138
    counts = {one["label"]: sum(is_of(one, label) for label in LABELS) for one in RECORDINGS}
    assert {label for label, count in counts.items() if count != 1} == set()
    assert [label for label in LABELS if not any(is_of(one, label) for one in RECORDINGS)] == []


@pytest.mark.parametrize(("recording", "row"), [one for one in SUBMITS if one not in REFUSALS], ids=shown)
def test_a_submit_yields_the_ticket_that_is_asked_for(recording: Recording, row: str) -> None:
    assert row == "ticket"
    said, sent = asked(QUEUED, answer_of(recording), DONE)
    assert said == json.loads(DONE.body)
    assert [call.method for call in sent] == ["POST", "GET"]
    assert sent[1].url.endswith(f"/api/v2/result/{recording['body']['request_id']}")


@pytest.mark.parametrize(("recording", "row"), REFUSALS, ids=shown)
def test_a_refusal_means_the_same_wherever_it_comes(recording: Recording, row: Any) -> None:
    said, sent = asked(QUEUED, answer_of(recording))
    check(said, recording, row)
    assert {call.method for call in sent} == {"POST"}
    check(asked(QUEUED, TICKET, answer_of(recording))[0], recording, row)
    check(asked(DIRECT, answer_of(recording))[0], recording, row)


@pytest.mark.parametrize(("recording", "row"), BY_A_COMMAND, ids=shown)
def test_the_result_of_a_command(recording: Recording, row: Any) -> None:
    said, sent = asked(QUEUED, TICKET, answer_of(recording))
    check(said, recording, row)
    assert [call.method for call in sent] == ["POST", "GET"]


@pytest.mark.parametrize(("recording", "row"), [*BY_A_COMMAND, *AT_ONCE], ids=shown)
def test_the_result_of_a_command_that_is_answered_at_once(recording: Recording, row: Any) -> None:
    said, sent = asked(DIRECT, answer_of(recording))
    check(said, recording, row)
    assert len(sent) == 1
    assert sent[0].url.endswith("/api/v1/executecommand")


@pytest.mark.parametrize("recording", [one for one, row in RESULTS if row == "pending"], ids=shown)
def test_a_pending_result_is_asked_for_again_whatever_its_word(recording: Recording) -> None:
    said, sent = asked(QUEUED, TICKET, answer_of(recording), answer_of(recording), DONE)
    assert said == json.loads(DONE.body)
    assert [call.method for call in sent] == ["POST", "GET", "GET", "GET"]
    assert len({call.url for call in sent[1:]}) == 1


@pytest.mark.parametrize("recording", [one for one, row in RESULTS if row == "lost"], ids=shown)
def test_a_request_that_is_not_known_any_more_is_no_user_that_is_not_there(recording: Recording) -> None:
    said, sent = asked(QUEUED, TICKET, answer_of(recording))
    assert isinstance(said, VendorUnavailable)
    assert "what was submitted is lost" in said.message
    assert [call.method for call in sent] == ["POST", "GET"]


@pytest.mark.parametrize(("recording", "row"), LISTINGS, ids=shown)
def test_users_and_teams_are_those_of_a_case_and_none_is_lost(recording: Recording, row: Any) -> None:
    """The case is this very answer, so that what comes of it is tested with the other cases."""
    case, body = CASES[row["rows"]], recording["body"]
    records = [{name: value for name, value in one.items() if name != UNASKED} for one in body["data"]]
    assert json.loads(case.vendor.read_bytes()) == {**body, "data": records}
    found = read_listing("keeper", case.source, answer_of(recording).body)
    wanted = {str(one.get("user_id") or one["team_uid"]) for one in records}
    assert {one["id"] for one in found["rows"]} == wanted


def test_every_answer_with_users_or_teams_is_that_of_a_case() -> None:
    found = [
        one["label"]
        for one in RECORDINGS
        if isinstance(one["body"].get("data"), list)
        and any(word in one["body"]["command"] for word in ("--users", "--teams"))
    ]
    assert [recording["label"] for recording, _ in LISTINGS] == found
