"""Downloads, against a server on this machine that misbehaves on purpose. No test leaves 127.0.0.1."""

import hashlib
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coursework.files import InputError
from coursework.prepare.download import fetch

BODY = random.Random(0).randbytes(300_000)
HASH = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves BODY; `faults` says what goes wrong, one entry a request, and then nothing more does."""

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if isinstance(fault, int):
            return self.send_error(fault)
        body, start = self.server.body, 0
        if asked and "ignores range" not in fault:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                return self.end_headers()
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if fault == "page":
            body = b"\n<!DOCTYPE html><title>Please log in</title>"
        claimed = len(body) - start + (1000 if "claims too much" in fault else 0)
        self.send_header("Content-Length", str(claimed))
        self.end_headers()
        end = start + 100_000 if "drops" in fault else len(body)
        self.wfile.write(body[start:end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A running server with .faults to set, .asked (the Range of each request) and .url."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.faults, server.asked, server.body = [], [], BODY
    server.url = f"http://127.0.0.1:{server.server_port}/weights-{HASH[:8]}.pth"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, path, sha256_prefix=HASH[:8], **options):
    return fetch(server.url, path, sha256_prefix, wait=0.001, timeout=5, progress=False, **options)


def test_whole_file_arrives_and_nothing_else_is_left(server, tmp_path):
    path = get(server, tmp_path / "new" / "w.pth")
    assert path.read_bytes() == BODY
    assert [file.name for file in path.parent.iterdir()] == ["w.pth"]


def test_present_file_is_not_fetched_again(server, tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(BODY)
    assert get(server, path) == path
    assert server.asked == []


def test_damaged_present_file_is_replaced(server, tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(BODY[:-1] + b"x")
    assert get(server, path).read_bytes() == BODY


def test_dropped_connections_go_on_where_they_stopped(server, tmp_path):
    server.faults = ["drops", "drops"]
    assert get(server, tmp_path / "w.pth", tries=1).read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_later_call_resumes_the_part(server, tmp_path):
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


def test_server_that_ignores_range_sends_it_all_again(server, tmp_path):
    server.faults = ["drops", "ignores range"]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY


@pytest.mark.parametrize("status", [500, 503, 429])
def test_passing_server_errors_are_tried_again(server, tmp_path, status):
    server.faults = [status, status]
    assert get(server, tmp_path / "w.pth").read_bytes() == BODY
    assert len(server.asked) == 3


def test_lasting_server_error_gives_up_and_says_what_to_do(server, tmp_path):
    server.faults = [500] * 10
    with pytest.raises(InputError, match=r"500.*by hand") as caught:
        get(server, tmp_path / "w.pth", tries=3)
    assert len(server.asked) == 3
    assert str(tmp_path / "w.pth") in str(caught.value)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_dead_link_is_asked_once(server, tmp_path, status):
    server.faults = [status] * 5
    with pytest.raises(InputError, match=f"{status}.*by hand"):
        get(server, tmp_path / "w.pth")
    assert len(server.asked) == 1


def test_length_that_never_comes(server, tmp_path):
    server.faults = ["claims too much, ignores range"] * 10
    with pytest.raises(InputError, match="ended after 300,000 of 301,000 bytes"):
        get(server, tmp_path / "w.pth", sha256_prefix=None, tries=1)
    assert not (tmp_path / "w.pth").exists()


def test_server_that_never_gets_far_is_given_up(server, tmp_path):
    server.faults = ["drops, ignores range"] * 20
    with pytest.raises(InputError, match="ended after 100,000 of 300,000 bytes"):
        get(server, tmp_path / "w.pth", tries=3)
    assert len(server.asked) == 4  # the first brought something


def test_web_page_instead_of_the_file(server, tmp_path):
    server.faults = ["page"]
    with pytest.raises(InputError, match=r"web page.*by hand"):
        get(server, tmp_path / "w.pth", sha256_prefix=None)
    assert not (tmp_path / "w.pth").exists()


def test_wrong_checksum_is_removed(server, tmp_path):
    with pytest.raises(InputError, match="checksum"):
        get(server, tmp_path / "w.pth", sha256_prefix="0" * 8)
    assert list(tmp_path.iterdir()) == []


def test_nobody_answers(server, tmp_path):
    url = "http://127.0.0.1:1/w.pth"
    with pytest.raises(InputError, match="cannot download"):
        fetch(url, tmp_path / "w.pth", tries=2, wait=0.001, timeout=2, progress=False)


def test_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match="cannot write"):
        get(server, tmp_path / "file" / "w.pth")


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://127.0.0.1/w", "w.pth"])
def test_only_web_addresses(tmp_path, url):
    with pytest.raises(InputError, match="not a web address"):
        fetch(url, tmp_path / "w")
