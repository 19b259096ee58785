"""Keys: what is sealed opens where it belongs and nowhere else, and no key is ever shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigurationInvalid
from connector.store.keys import Keyring, SealBroken

FIRST, SECOND = bytes(range(32)), bytes(range(100, 132))
FIRST_TEXT, SECOND_TEXT = base64.b64encode(FIRST).decode(), base64.b64encode(SECOND).decode()
OLD = Keyring.parse(f"old:{FIRST_TEXT}")
NEW = Keyring.parse(f"new:{SECOND_TEXT}")
BOTH = Keyring.parse(f"new:{SECOND_TEXT},old:{FIRST_TEXT}")


@given(plaintext=st.binary(max_size=200), aad=st.binary(max_size=50))
def test_what_is_sealed_opens_again(plaintext: bytes, aad: bytes) -> None:
    assert BOTH.unseal(BOTH.seal(plaintext, aad), aad) == plaintext


@given(plaintext=st.binary(max_size=50), aad=st.binary(max_size=50), other=st.binary(max_size=50))
def test_other_associated_data_does_not_open_it(plaintext: bytes, aad: bytes, other: bytes) -> None:
    blob = BOTH.seal(plaintext, aad)
    if other == aad:
        other += b"!"
    with pytest.raises(SealBroken):
        BOTH.unseal(blob, other)


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.booleans())
def test_changed_or_cut_bytes_do_not_open(place: int, flip: int, cut: bool) -> None:
    blob = bytearray(BOTH.seal(b"a plain text", b"aad"))
    place %= len(blob)
    changed = blob[:place] if cut else blob
    if not cut:
        changed[place] ^= flip
    with pytest.raises(SealBroken):
        BOTH.unseal(bytes(changed), b"aad")


@given(st.binary(max_size=100))
def test_foreign_bytes_do_not_open(blob: bytes) -> None:
    with pytest.raises(SealBroken):
        BOTH.unseal(blob, b"aad")


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    assert len({BOTH.seal(b"same", b"aad") for _ in range(100)}) == 100


def test_after_a_new_key_the_old_one_opens_and_the_new_one_seals() -> None:
    before = OLD.seal(b"text", b"aad")
    assert BOTH.unseal(before, b"aad") == b"text"
    after = BOTH.seal(b"text", b"aad")
    assert NEW.unseal(after, b"aad") == b"text"
    with pytest.raises(SealBroken) as caught:
        OLD.unseal(after, b"aad")
    assert caught.value.missing_key == "new"


def test_another_key_of_the_same_id_does_not_open() -> None:
    blob = Keyring.parse(f"k:{FIRST_TEXT}").seal(b"text", b"aad")
    with pytest.raises(SealBroken, match="another key of the id 'k'"):
        Keyring.parse(f"k:{SECOND_TEXT}").unseal(blob, b"aad")


def test_derived_keys_are_hkdf_and_the_current_one_is_first() -> None:
    def hkdf(key: bytes, info: bytes) -> bytes:  # RFC 5869 for one block, written out
        extracted = hmac.new(bytes(32), key, hashlib.sha256).digest()
        return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()

    info = b"directory-connector derived: cursor"
    assert BOTH.derive("cursor") == [hkdf(SECOND, info), hkdf(FIRST, info)]
    assert not set(BOTH.derive("cursor")) & set(BOTH.derive("cursors"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no key"),
        (" ,\n# only a comment", "has no key"),
        (FIRST_TEXT, "entry 1: no key id"),
        (f"{FIRST_TEXT}:k1", "entry 1: no key id"),
        (f":{FIRST_TEXT}", "entry 1: no key id"),
        (f"ok:{FIRST_TEXT},{SECOND_TEXT}", "entry 2: no key id"),
        (f"{'x' * 33}:{FIRST_TEXT}", "entry 1: no key id"),
        (f"k1:{FIRST_TEXT[:-4]}", "'k1' is 30 bytes"),
        (f"k1:{FIRST_TEXT}{FIRST_TEXT}", "'k1' is no standard base64"),
        (f"k1:{FIRST.hex()}", "'k1' is 48 bytes"),
        (f"k1:{FIRST_TEXT[:-2]}é=", "'k1' is no standard base64"),
        (f"k1:{FIRST_TEXT},k1:{SECOND_TEXT}", "entry 2: the id 'k1' is used twice"),
    ],
)
def test_wrong_keys_are_refused_and_not_shown(text: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        Keyring.parse(text)
    shown = (
        "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value.to_dict())
    )
    assert said in str(caught.value)
    for hidden in (FIRST_TEXT[:20], SECOND_TEXT[:20], FIRST.hex()[:20]):
        assert hidden not in shown
    assert caught.value.__context__ is None


def test_keys_may_stand_on_lines_with_comments_and_spaces() -> None:
    assert Keyring.parse(f"# current\n new : {SECOND_TEXT} ,\r\nold:{FIRST_TEXT}\n").ids == ("new", "old")


def test_a_repr_shows_ids_alone() -> None:
    assert repr(BOTH) == "Keyring(new, old)"
    shown = repr(vars(BOTH))
    assert not any(
        hidden in shown for hidden in (repr(FIRST)[2:-1], repr(SECOND)[2:-1], FIRST_TEXT, SECOND_TEXT)
    )


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "made" / "keys"
    made = Keyring.from_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    blob = made.seal(b"text", b"aad")
    assert Keyring.from_file(path).unseal(blob, b"aad") == b"text"
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


def test_two_key_files_hold_two_keys(tmp_path: Path) -> None:
    blob = Keyring.from_file(tmp_path / "a").seal(b"text", b"aad")
    with pytest.raises(SealBroken):
        Keyring.from_file(tmp_path / "b").unseal(blob, b"aad")


def test_processes_that_start_at_once_get_the_same_new_key(
    tmp_path: Path, together: Callable[[str, list[str]], list[str]]
) -> None:
    script = """
from pathlib import Path
from connector.store.keys import Keyring
wait()
print(Keyring.from_file(Path(sys.argv[1])).derive("test")[0].hex())
"""
    path = tmp_path / "made" / "keys"
    assert len(set(together(script, [str(path)] * 4))) == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


def test_a_first_process_between_the_look_and_the_making_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    first = Keyring.from_file(path)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert Keyring.from_file(path).ids == first.ids
    assert os.listdir(tmp_path) == ["keys"]  # noqa: PTH208 - Path is patched


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_a_key_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "my keys"
    path.write_text(f"k1:{FIRST_TEXT}\n")
    path.chmod(mode)
    with pytest.raises(ConfigurationInvalid, match=f"mode {mode:04o}") as caught:
        Keyring.from_file(path)
    assert caught.value.hint == f"chmod 600 '{path}'"
    path.chmod(0o600)
    assert Keyring.from_file(path).ids == ("k1",)


@pytest.mark.parametrize("content", [b"", b"k1:AAAA", b"\xff\xfe" + FIRST, FIRST])
def test_a_broken_key_file_is_named_and_not_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationInvalid, match="keys") as caught:
        Keyring.from_file(path)
    assert caught.value.__context__ is None
    assert path.read_bytes() == content


def test_a_key_file_that_cannot_be_made_says_what_else_can_be_done(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationInvalid, match="CONNECTOR_KEYS"):
        Keyring.from_file(tmp_path / "file" / "keys")
    with pytest.raises(ConfigurationInvalid, match="CONNECTOR_KEYS"):
        Keyring.from_file(tmp_path)
