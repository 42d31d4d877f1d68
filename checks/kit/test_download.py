"""Downloads, against a server on this machine that misbehaves on purpose. No test leaves 127.0.0.1."""

import email.utils
import hashlib
import io
import itertools
import json
import os
import random
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile

import pytest
from faulty_server import Fault, serving

from coursework.files import InputError, size_text
from coursework.prepare import download
from coursework.prepare.download import fetch, fetch_many
from coursework.prepare.download.addresses import COCO_IMAGES, coco_image

BODY = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)
HASH = hashlib.sha256(BODY).hexdigest()
PAGE = b"\n<!DOCTYPE html><html><title>Please\n log in</title>"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
DROPS = Fault(drops=100_000)


def zip_of(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return made.getvalue()


@pytest.fixture
def server():
    """A running server of BODY."""
    with serving(BODY) as server:
        yield server


def get(server, path, sha256_prefix=HASH[:8], wait=0.001, timeout=5, progress=False, **options):
    options |= {"wait": wait, "timeout": timeout, "progress": progress}
    return fetch(server.at(path.name), path, sha256_prefix, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_whole_file_arrives_and_nothing_else_is_left(server, tmp_path):
    path = get(server, tmp_path / "new" / "w.pth")
    assert path.read_bytes() == BODY
    assert names(path.parent) == ["w.pth"]


def test_present_file_is_not_fetched_again(server, tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(BODY)
    assert get(server, path) == path
    assert server.asked == []


@pytest.mark.parametrize("there", [BODY[:-1] + b"x", b"", BODY[:1000], PAGE])
def test_damaged_present_file_is_replaced(server, tmp_path, there, capsys):
    path = tmp_path / "w.pth"
    path.write_bytes(there)
    assert get(server, path, progress=True).read_bytes() == BODY
    assert "is downloaded again" in capsys.readouterr().err


def test_dropped_connections_go_on_where_they_stopped(server, tmp_path):
    server.faults = [DROPS, DROPS]
    assert get(server, tmp_path / "w.pth", tries=1).read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]
    assert server.conditions == [None, '"1"', '"1"']
    assert names(tmp_path) == ["w.pth"]


def test_later_call_goes_on_where_the_first_stopped(server, tmp_path):
    server.faults = [DROPS, Fault(403)]
    with pytest.raises(InputError, match="403"):
        get(server, tmp_path / "w.pth")
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-", "bytes=100000-"]


def test_part_from_elsewhere_is_continued(server, tmp_path):
    (tmp_path / "w.pth.part").write_bytes(BODY[:123_456])
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.asked == ["bytes=123456-"]


def test_whole_part_needs_no_more_bytes(server, tmp_path):
    (tmp_path / "w.pth.part").write_bytes(BODY)
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


def test_part_that_is_too_long_starts_anew(server, tmp_path):
    (tmp_path / "w.pth.part").write_bytes(BODY + b"more")
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


def test_part_of_another_version_starts_anew(server, tmp_path):
    (tmp_path / "w.pth.part").write_bytes(b"old" * 1000)
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.asked == ["bytes=3000-", None]


@pytest.mark.parametrize("ignores_if_range", [False, True])
@pytest.mark.parametrize("marks", [["ETag", "Last-Modified"], ["ETag"], ["Last-Modified"]])
def test_file_that_is_exchanged_meanwhile_is_noticed(server, tmp_path, marks, ignores_if_range):
    """No checksum is known: only what the server says of the version tells."""
    server.marks = {mark: server.marks[mark] for mark in marks}
    server.faults = [DROPS, Fault(404)]
    with pytest.raises(InputError):
        get(server, tmp_path / "w.bin", sha256_prefix=None)
    server.exchange(OTHER)
    server.marks = {mark: server.marks[mark] for mark in marks}
    server.faults = [Fault(ignores_if_range=ignores_if_range)]
    assert get(server, tmp_path / "w.bin", sha256_prefix=None).read_bytes() == OTHER
    assert names(tmp_path) == ["w.bin"]


def test_file_of_another_length_is_noticed_without_any_mark(server, tmp_path):
    server.marks = {}
    server.faults = [DROPS, Fault(404)]
    with pytest.raises(InputError):
        get(server, tmp_path / "w.bin", sha256_prefix=None)
    server.body = OTHER + b"more"
    assert get(server, tmp_path / "w.bin", sha256_prefix=None).read_bytes() == server.body


def test_weak_marks_are_not_sent_but_compared(server, tmp_path):
    server.marks = {"ETag": 'W/"1"'}
    server.faults = [DROPS]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.conditions == [None, None]
    server.faults = [DROPS, Fault(headers={"ETag": 'W/"2"'})]
    assert get(server, tmp_path / "v.bin", sha256_prefix=None).read_bytes() == BODY
    assert server.asked[2:] == [None, "bytes=100000-", None]


def test_file_that_changes_all_the_time_is_given_up(server, tmp_path):
    server.faults = [
        Fault(headers={"ETag": f'"{i}"'}, drops=100_000, ignores_if_range=True) for i in range(30)
    ]
    with pytest.raises(InputError, match="another file on the server by now"):
        get(server, tmp_path / "w.pth", tries=3)
    assert len(server.asked) < 10


def test_server_that_ignores_range_sends_it_all_again(server, tmp_path):
    server.faults = [DROPS, Fault(ignores_range=True)]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


@pytest.mark.parametrize("span", ["bytes 5-9/300000", "", "lines 1-2"])
def test_server_that_sends_another_part_than_asked(server, tmp_path, span):
    server.faults = [DROPS, Fault(206, {"Content-Range": span})]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


@pytest.mark.parametrize("fault", [Fault(gzipped=True), Fault(gzipped=True, drops=90_000)])
def test_packed_for_the_way(server, tmp_path, fault):
    server.faults = [fault]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


@pytest.mark.parametrize("fault", [Fault(chunked=True), Fault(unannounced=True)])
def test_length_is_not_announced(server, tmp_path, fault):
    server.faults = [fault]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


def test_packed_in_an_unknown_way(server, tmp_path):
    server.faults = [Fault(headers={"Content-Encoding": "br"})]
    with pytest.raises(InputError, match="packed as br"):
        get(server, tmp_path / "w.pth")


def test_slow_trickle_arrives(server, tmp_path):
    server.faults = [Fault(trickles=5000)]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


def test_first_byte_alone_is_not_judged(server, tmp_path):
    server.body = zip_of(a=b"1")
    server.faults = [Fault(trickles=1)]
    assert get(server, tmp_path / "a.zip", sha256_prefix=None).read_bytes() == server.body


def test_connection_left_open_is_not_waited_for(server, tmp_path):
    server.faults = [Fault(lingers=True)]
    began = time.monotonic()
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert time.monotonic() - began < 4  # the server would hold it for 5 seconds


def test_silent_server_is_tried_again(server, tmp_path):
    server.faults = [Fault(silent=True)]
    assert get(server, tmp_path / "w.pth", timeout=0.05).read_bytes() == BODY


def test_redirect_is_followed_on_resuming_as_well(server, tmp_path):
    moved = Fault(302, {"Location": "/elsewhere"})
    server.faults = [moved, DROPS, moved]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.paths == ["/w.pth", "/elsewhere"] * 2
    assert server.asked == [None, None, "bytes=100000-", "bytes=100000-"]


def test_where_a_redirect_led_is_said(server, tmp_path):
    moved = Fault(302, {"Location": "/elsewhere?key=secret"})
    for fault in (Fault(404), Fault(body=PAGE), Fault(403)):
        server.faults = [moved, fault]
        with pytest.raises(InputError, match=r"w.pth: .*it led to .*/elsewhere\)") as caught:
            get(server, tmp_path / "w.pth")
        assert "secret" not in str(caught.value)
    server.faults = [Fault(302, {"Location": "http://127.0.0.1:1/down"})]
    with pytest.raises(InputError, match=r"refused \(it led to http://127.0.0.1:1/down\)"):
        get(server, tmp_path / "w.pth", tries=1)
    server.faults = [Fault(404)]
    with pytest.raises(InputError, match=r"404 Not Found\. "):
        get(server, tmp_path / "a b.pth")


@pytest.mark.parametrize("fault", [Fault(401), Fault(403), Fault(body=PAGE)])
def test_what_a_browser_may_get(server, tmp_path, fault):
    server.faults = [fault]
    with pytest.raises(InputError, match=r"Open the address in a browser and get w.pth by hand"):
        get(server, tmp_path / "w.pth")


def test_redirect_in_a_circle(server, tmp_path):
    server.faults = [Fault(302, {"Location": "/w.pth"})] * 40
    with pytest.raises(InputError, match=r"302.*by hand"):
        get(server, tmp_path / "w.pth")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_passing_server_errors_are_tried_again(server, tmp_path, status):
    server.faults = [Fault(status), Fault(status)]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert len(server.asked) == 3


def test_retry_after_is_waited_for(server, tmp_path, monkeypatch):
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    said = ["7", date, "nonsense", "-5", None]
    server.faults = [Fault(503, {"Retry-After": text} if text else {}) for text in said]
    paused = []
    monkeypatch.setattr(
        threading.Event, "wait", lambda self, seconds=None: paused.append(seconds) or True
    )
    assert get(server, tmp_path / "w.pth", tries=6).read_bytes() == BODY
    waits = [seconds for seconds in paused if seconds is not None]
    assert waits[0] == 7 and 90 < waits[1] <= 100 and max(waits[2:]) < 1


def test_who_wants_to_be_left_alone_for_an_hour_is(server, tmp_path):
    server.faults = [Fault(429, {"Retry-After": "3600"})]
    with pytest.raises(InputError, match=r"429.*3,600 s"):
        get(server, tmp_path / "w.pth")


def test_lasting_server_error_gives_up_and_says_what_to_do(server, tmp_path):
    server.faults = [Fault(500)] * 10
    with pytest.raises(InputError, match=r"500.*by hand") as caught:
        get(server, tmp_path / "w.pth", tries=3)
    assert len(server.asked) == 3
    assert str(tmp_path / "w.pth") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_dead_link_is_asked_once(server, tmp_path, status):
    server.faults = [Fault(status)] * 5
    with pytest.raises(InputError, match=f"{status}.*by hand"):
        get(server, tmp_path / "w.pth")
    assert len(server.asked) == 1


def test_length_that_never_comes(server, tmp_path):
    server.faults = [Fault(claims=1000, ignores_range=True)] * 10
    with pytest.raises(InputError, match="ended after 300,000 of 301,000 bytes"):
        get(server, tmp_path / "w.pth", sha256_prefix=None, tries=1)
    assert not (tmp_path / "w.pth").exists()


def test_server_that_never_gets_far_is_given_up(server, tmp_path):
    server.faults = [Fault(drops=100_000, ignores_range=True)] * 20
    with pytest.raises(InputError, match="ended after 100,000 of 300,000 bytes"):
        get(server, tmp_path / "w.pth", tries=3)
    assert len(server.asked) == 4  # the first brought something


@pytest.mark.parametrize(
    "page", [PAGE, b"<?xml version='1.0'?>\n<html>", b"\xef\xbb\xbf<!-- hotspot -->\n<HEAD>"]
)
def test_web_page_instead_of_the_file(server, tmp_path, page):
    server.faults = [Fault(body=page)]
    with pytest.raises(InputError, match=r"web page.*by hand") as caught:
        get(server, tmp_path / "w.pth", sha256_prefix=None)
    assert ('"Please log in"' in str(caught.value)) == (page == PAGE)
    assert names(tmp_path) == []


def test_web_page_does_not_cost_what_had_come(server, tmp_path):
    server.faults = [DROPS, Fault(body=PAGE)]
    with pytest.raises(InputError, match="web page"):
        get(server, tmp_path / "w.pth")
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.asked[-1] == "bytes=100000-"


@pytest.mark.parametrize("name", ["a.zip", "a.jpg", "a.json", "a.png"])
def test_file_of_another_kind_is_refused_at_its_beginning(server, tmp_path, name):
    with pytest.raises(InputError, match=r"not a \.\w+ file, it begins with"):
        get(server, tmp_path / name, sha256_prefix=None)
    assert names(tmp_path) == []


@pytest.mark.parametrize("cut", [slice(-30), slice(-1), slice(len(zip_of(a=BODY)) // 2)])
def test_zip_cut_short_is_refused(server, tmp_path, cut):
    """The server has half of it itself: its length is as announced."""
    server.body = zip_of(a=BODY)[cut]
    with pytest.raises(InputError, match="not a whole zip file"):
        get(server, tmp_path / "a.zip", sha256_prefix=None)
    assert names(tmp_path) == []


def test_zip_cut_short_that_is_there_is_replaced(server, tmp_path):
    server.body = zip_of(a=BODY)
    (tmp_path / "a.zip").write_bytes(server.body[:-100])
    assert get(server, tmp_path / "a.zip", sha256_prefix=None).read_bytes() == server.body


@pytest.mark.parametrize(
    "name, body",
    [
        ("a.zip", zip_of()),
        ("a.zip", zip_of(a=b"1" * 5000)),
        ("a.json", b"\xef\xbb\xbf \n{}"),
        ("a.JPG", b"\xff\xd8\xff\xe0"),
    ],
)
def test_right_kinds_pass(server, tmp_path, name, body):
    server.body = body
    assert get(server, tmp_path / name, sha256_prefix=None).read_bytes() == body


def test_empty_file_is_refused(server, tmp_path):
    server.body = b""
    with pytest.raises(InputError, match="empty"):
        get(server, tmp_path / "w.pth")


def test_wrong_checksum_is_removed(server, tmp_path):
    with pytest.raises(InputError, match="checksum"):
        get(server, tmp_path / "w.pth", sha256_prefix="0" * 8)
    assert names(tmp_path) == []


def test_disk_that_is_too_small_is_said_at_once(server, tmp_path, monkeypatch):
    usage = type("usage", (), {"free": 100_000})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(InputError, match=r"300 kB, and only 100 kB are free.*make room"):
        get(server, tmp_path / "w.pth")
    assert not (tmp_path / "w.pth.part").exists() and len(server.asked) == 1


def test_nobody_answers(tmp_path):
    url = "http://127.0.0.1:1/w.pth"
    with pytest.raises(InputError, match="cannot download"):
        fetch(url, tmp_path / "w.pth", tries=2, wait=0.001, timeout=2, progress=False)


def test_certificate_that_cannot_be_verified(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise download.urllib.error.URLError(download.ssl.SSLCertVerificationError("self-signed"))

    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)
    with pytest.raises(InputError, match=r"certificate.*Install Certificates"):
        fetch("https://127.0.0.1:1/w.pth", tmp_path / "w.pth", progress=False)


def test_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match="cannot write"):
        get(server, tmp_path / "file" / "w.pth")


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://127.0.0.1/w", "w.pth", ""])
def test_only_web_addresses(tmp_path, url):
    with pytest.raises(InputError, match="not a web address"):
        fetch(url, tmp_path / "w")
    with pytest.raises(InputError, match="not a web address"):
        fetch_many([(url, tmp_path / "w")])


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/a", "http://[1/a", "http://\n/a"])
def test_addresses_of_no_use(tmp_path, url):
    with pytest.raises(InputError, match="cannot download"):
        fetch(url, tmp_path / "w", wait=0.001, timeout=1, progress=False)


def test_address_with_blanks_and_umlauts(server, tmp_path):
    fetch(server.at("mein bündel%20.pth"), tmp_path / "w.pth", HASH, progress=False)
    assert server.paths == ["/mein%20b%C3%BCndel%20.pth"]


def test_interrupted_in_the_middle_it_says_what_is_kept(server, tmp_path, monkeypatch):
    def interrupted(*args):
        yield from itertools.islice(chunks(*args), 2)
        raise KeyboardInterrupt

    chunks = download._chunks
    with monkeypatch.context() as patch:
        patch.setattr(download, "CHUNK", 50_000)
        patch.setattr(download, "_chunks", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"kB of w.pth are kept in .*run the same"):
            get(server, tmp_path / "w.pth")
    have = (tmp_path / "w.pth.part").stat().st_size
    assert names(tmp_path) == ["w.pth.part", "w.pth.part.json"] and 0 < have < len(BODY)
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert server.asked[1] == f"bytes={have}-"


@POSIX
def test_interrupted_while_it_waits(server, tmp_path):
    server.faults = [Fault(503, {"Retry-After": "200"}, interrupts=True)]
    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path / "w.pth")


# Many small files


def photos(server, count):
    """So many files that look like photos, on the server; their names."""
    draws = random.Random(2)
    for i in range(count):
        server.files[f"/{i}.jpg"] = b"\xff\xd8" + draws.randbytes(draws.randrange(100, 5000))
    return [f"{i}.jpg" for i in range(count)]


def get_many(server, folder, wanted, wait=0.001, timeout=5, progress=False, **options):
    options |= {"wait": wait, "timeout": timeout, "progress": progress}
    return fetch_many([(server.at(name), folder / name) for name in wanted], **options)


def assert_whole(server, folder, wanted):
    for name in wanted:
        assert (folder / name).read_bytes() == server.files[f"/{name}"]
    assert names(folder) == sorted(wanted)


def test_many_files_arrive_and_nothing_else_is_left(server, tmp_path):
    wanted = photos(server, 40)
    assert get_many(server, tmp_path / "new", wanted) == []
    assert_whole(server, tmp_path / "new", wanted)


def test_no_file_at_all():
    assert fetch_many([], progress=False) == []


def test_what_is_there_is_skipped_unless_it_is_empty(server, tmp_path):
    wanted = photos(server, 10)
    (tmp_path / "3.jpg").write_bytes(b"mine")
    (tmp_path / "4.jpg").touch()
    assert get_many(server, tmp_path, wanted) == []
    assert (tmp_path / "3.jpg").read_bytes() == b"mine"
    assert sorted(server.paths) == sorted(f"/{name}" for name in wanted if name != "3.jpg")


def test_many_files_through_all_kinds_of_trouble(server, tmp_path):
    wanted = photos(server, 40)
    server.faults = [
        Fault(503),
        Fault(429, {"Retry-After": "0"}),
        Fault(drops=50),
        Fault(claims=10),
        Fault(gzipped=True),
        Fault(gzipped=True, drops=60),
        Fault(chunked=True),
        Fault(chunked=True, drops=60),
        Fault(trickles=100),
    ] * 3
    assert get_many(server, tmp_path, wanted) == []
    assert_whole(server, tmp_path, wanted)


def test_what_cannot_be_had_is_listed_with_the_reason(server, tmp_path):
    wanted = photos(server, 30)
    server.files |= {"/5.jpg": PAGE, "/6.jpg": b"text", "/7.jpg": b""}
    failures = {failure.url: failure.reason for failure in get_many(server, tmp_path, wanted)}
    assert set(failures) == {server.at(f"{i}.jpg") for i in (5, 6, 7)}
    assert "web page" in failures[server.at("5.jpg")]
    assert "not a .jpg file" in failures[server.at("6.jpg")]
    assert "empty" in failures[server.at("7.jpg")]
    assert_whole(
        server, tmp_path, [name for name in wanted if name[0] not in "567" or name[1] != "."]
    )


def test_dead_links_are_asked_once(server, tmp_path):
    wanted = photos(server, 20)
    server.faults = [Fault(404)]
    [failure] = get_many(server, tmp_path, wanted, workers=1)
    assert (failure.url, failure.reason[-13:]) == (server.at("0.jpg"), "404 Not Found")
    assert len(server.asked) == 20


@pytest.mark.parametrize("first", [0, 20])
def test_gives_up_when_nothing_comes_any_more(server, tmp_path, first):
    wanted = photos(server, 200)
    server.faults = [Fault()] * first + [Fault(404)] * 1000
    failures = get_many(server, tmp_path, wanted, workers=4)
    assert len(failures) == 200 - first and len(server.asked) < first + 60
    failed = {failure.url.rpartition("/")[2] for failure in failures}
    assert failed == set(wanted) - {path.name for path in tmp_path.glob("*")}
    assert "404" in failures[0].reason and failures[0].for_good
    assert "not tried" in failures[-1].reason + failures[100].reason
    untried = [failure for failure in failures if not failure.tried]
    assert len(untried) > 100 and not any(failure.for_good for failure in untried)


def test_own_check(server, tmp_path):
    wanted = photos(server, 3)
    failures = get_many(
        server, tmp_path, wanted, check=lambda name, data: "odd" if name == "1.jpg" else None
    )
    assert failures == [download.Failure(server.at("1.jpg"), "odd")]


@pytest.mark.parametrize(
    "fault, for_good",
    [(Fault(404), True), (Fault(403), True), (Fault(410), True)]
    + [(Fault(503), False), (Fault(body=PAGE), False), (Fault(drops=1), False)],
)
def test_what_will_not_mend_is_told_from_what_may(server, tmp_path, fault, for_good):
    server.faults = [fault] * 3
    [failure] = get_many(server, tmp_path, photos(server, 1), tries=3)
    assert failure.for_good == for_good and failure.tried


def test_trouble_is_said_once(server, tmp_path, capsys):
    wanted = photos(server, 20)
    server.faults = [Fault(503)] * 10
    assert get_many(server, tmp_path, wanted, progress=True) == []
    said = capsys.readouterr().err
    assert said.count("trying again") == 1 and "503" in said and server.at("") in said


def test_nobody_is_there_for_many_files(tmp_path, monkeypatch, capsys):
    """One after the other with all the tries, this would be 90 attempts; nothing empty is left behind."""
    asked = []

    def refuse(request, timeout):
        asked.append(request.full_url)
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)
    items = [(f"http://a.invalid/{i}", tmp_path / "new" / "photos" / str(i)) for i in range(90)]
    failures = fetch_many(items, wait=0.01, workers=4)
    assert len(failures) == 90 and len(asked) <= 3 * 4
    assert "Name or service not known" in failures[0].reason
    assert all("not reached" in failure.reason for failure in failures if not failure.tried)
    assert capsys.readouterr().err.count("known; trying again") == 1
    assert names(tmp_path) == []


def test_nobody_is_there_and_it_takes_long_to_find_out(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "FIRST_SECONDS", 0)
    items = [("http://127.0.0.1:1/a", tmp_path / "a")]
    began = time.monotonic()
    [failure] = fetch_many(items, wait=60, progress=False)
    assert time.monotonic() - began < 10 and not failure.for_good
    with pytest.raises(InputError, match="See whether the address is right"):
        fetch(*items[0], wait=60, progress=False)


def test_server_that_goes_down_later_is_waited_for(server, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        asked.append(args)
        if 1 < len(asked) < 7:
            raise urllib.error.URLError(ConnectionRefusedError(111, "Connection refused"))
        return urlopen(*args, **kwargs)

    asked, urlopen = [], urllib.request.urlopen
    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)
    assert get_many(server, tmp_path, photos(server, 2), workers=1) == []


def test_what_killed_runs_left_is_swept(server, tmp_path):
    left, young = tmp_path / ".7.0123abcd.tmp.jpg", tmp_path / ".8.0123abcd.tmp.jpg"
    mine = tmp_path / ".mine.tmp.jpg"
    for path in (left, young, mine):
        path.write_bytes(b"half")
    for path in (left, mine):
        os.utime(path, (time.time() - 4000,) * 2)
    assert get_many(server, tmp_path, photos(server, 1)) == []
    assert names(tmp_path) == sorted(["0.jpg", mine.name, young.name])


def test_folders_that_nothing_came_to_are_not_left(server, tmp_path):
    (tmp_path / "old").mkdir()
    server.faults = [Fault(404)] * 2
    assert get_many(server, tmp_path / "new" / "photos", photos(server, 1)) != []
    with pytest.raises(InputError, match="404"):
        get(server, tmp_path / "new" / "w.pth")
    assert names(tmp_path) == ["old"]


def test_file_that_is_far_too_large_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST_SMALL", 1000)
    assert "more than" in get_many(server, tmp_path, ["0.pth"])[0][1]


def test_many_files_into_a_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match="cannot write"):
        get_many(server, tmp_path / "file", photos(server, 3))
    (tmp_path / "0.jpg").mkdir()  # a folder where the file should be
    (tmp_path / "0.jpg" / "a").touch()
    with pytest.raises(InputError, match="cannot write"):
        fetch_many([(server.at("1.jpg"), tmp_path / "file" / "1.jpg")], progress=False)


@POSIX
def test_interrupted_among_many_nothing_is_lost(server, tmp_path):
    wanted = photos(server, 500)
    server.faults = [Fault()] * 40 + [Fault(interrupts=True)]
    with pytest.raises(KeyboardInterrupt, match=r"\d+ of 500 files are there: run the same"):
        get_many(server, tmp_path, wanted)
    assert 10 < len(names(tmp_path)) < 500
    assert_whole(server, tmp_path, names(tmp_path))


def test_bars_show_rate_and_time_left(server, tmp_path, capsys, monkeypatch):
    """They come after a second only, so they are made to come at once."""
    monkeypatch.setattr(download, "_bar", lambda progress: {"file": sys.stderr, "mininterval": 0})
    get(server, tmp_path / "w.pth", progress=True)
    get_many(server, tmp_path, photos(server, 20), progress=True)
    said = capsys.readouterr().err
    assert "B/s]" in said and "file/s, " in said and "MB/s]" in said and "<00:00" in said


def test_sizes_are_never_nothing():
    assert [size_text(n) for n in (0, 1, 99_000, 1_200_000, 999_000_000, 1.2e9, 3e12)] == [
        "0 B", "1 B", "99 kB", "1.2 MB", "999.0 MB", "1.2 GB", "3,000.0 GB"
    ]  # fmt: skip


def test_addresses_are_whole():
    address = COCO_IMAGES["val", 2017]
    assert (address.name, address.bytes) == ("val2017.zip", 815_585_330)
    assert coco_image("val", 2014, "a.jpg") == "http://images.cocodataset.org/val2014/a.jpg"


def test_note_that_is_no_note_is_as_none(server, tmp_path):
    for text in ("", "[]", "null", '{"etag": 3}', json.dumps({"length": "x"}), '{"etag": "\\n"}'):
        (tmp_path / "w.pth.part").write_bytes(BODY[:1000])
        (tmp_path / "w.pth.part.json").write_text(text, encoding="utf-8")
        assert get(server, tmp_path / "w.pth").read_bytes() == BODY
        os.remove(tmp_path / "w.pth")
