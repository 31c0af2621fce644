"""A camera that is none and speaks RTSP: MJPEG in RTP (RFC 2435), interleaved (RFC 2326)."""

import base64
import contextlib
import io
import socket
import struct
import time
from collections.abc import Iterator
from threading import Event, Thread

import numpy as np
from PIL import Image

_PASSWORD = base64.b64encode(b"me:hunter2").decode()
_TICKS_PER_S = 90_000
_FRAGMENT = 1300
_WITH_TABLES = 255  # the quantisation tables come with each picture


class FakeRtsp:
    """Streams grey pictures that grow brighter to who knows the password.

    Attributes:
        url: Where, with the password.
    """

    def __init__(self, *, fps: float = 25, size_wh: tuple[int, int] = (160, 120)) -> None:
        self._fps = fps
        self._size_wh = size_wh
        self._stop = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://me:hunter2@127.0.0.1:{self._listener.getsockname()[1]}/live"
        Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "FakeRtsp":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as requests, contextlib.suppress(OSError):
            while request := _read(requests):
                method, headers = request
                number = f"CSeq: {headers.get('cseq', '0')}\r\n"
                if method == "DESCRIBE" and headers.get("authorization") != f"Basic {_PASSWORD}":
                    connection.sendall(
                        f"RTSP/1.0 401 Unauthorized\r\n{number}"
                        'WWW-Authenticate: Basic realm="door"\r\n\r\n'.encode()
                    )
                    continue
                connection.sendall(f"RTSP/1.0 200 OK\r\n{number}{_answer(method)}".encode())
                if method == "PLAY":
                    self._play(connection)

    def _play(self, connection: socket.socket) -> None:
        sequence = 0
        for index in range(10**6):
            if self._stop.is_set():
                return
            for payload, is_last in _fragments(_picture(index, self._size_wh), self._size_wh):
                stamp = round(index * _TICKS_PER_S / self._fps)
                rtp = struct.pack("!BBHII", 0x80, 26 | is_last << 7, sequence & 0xFFFF, stamp, 7)
                packet = rtp + payload
                connection.sendall(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
                sequence += 1
            time.sleep(1 / self._fps)


def _read(requests: io.BufferedReader) -> tuple[str, dict[str, str]] | None:
    lines = []
    while (line := requests.readline()) and line.strip():
        lines.append(line.decode().strip())
    if not lines:
        return None
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return lines[0].split()[0], {name.strip().lower(): value.strip() for name, value in pairs}


def _answer(method: str) -> str:
    if method == "OPTIONS":
        return "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"
    if method == "DESCRIBE":
        sdp = (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=door\r\nt=0 0\r\n"
            "m=video 0 RTP/AVP 26\r\nc=IN IP4 0.0.0.0\r\na=control:track\r\n"
        )
        return f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
    if method == "SETUP":
        return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n"
    return "Session: 1\r\n\r\n"


def _picture(index: int, size_wh: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    pixels = np.full((*size_wh[::-1], 3), 20 + index % 50 * 4, np.uint8)
    Image.fromarray(pixels).save(file, "jpeg", subsampling="4:2:0")
    return file.getvalue()


def _fragments(jpeg: bytes, size_wh: tuple[int, int]) -> Iterator[tuple[bytes, bool]]:
    """What a picture is sent as: the tables, and then the scan in pieces."""
    tables, place = b"", 2
    while jpeg[place + 1] != 0xDA:
        (length,) = struct.unpack_from("!H", jpeg, place + 2)
        if jpeg[place + 1] == 0xDB:
            tables += b"".join(
                jpeg[start + 1 : start + 65] for start in range(place + 4, place + 2 + length, 65)
            )
        place += 2 + length
    (length,) = struct.unpack_from("!H", jpeg, place + 2)
    scan = jpeg[place + 2 + length : -2]
    for offset in range(0, len(scan), _FRAGMENT):
        width, height = size_wh
        head = struct.pack("!I", offset) + bytes((1, _WITH_TABLES, width // 8, height // 8))
        if offset == 0:
            head += struct.pack("!BBH", 0, 0, len(tables)) + tables
        yield head + scan[offset : offset + _FRAGMENT], offset + _FRAGMENT >= len(scan)
