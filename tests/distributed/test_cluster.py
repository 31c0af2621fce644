import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from maskwise.distributed.cluster import connected
from maskwise.errors import ClusterFailed, InvalidInput, MissingExtra

ray = pytest.importorskip("ray")


@contextmanager
def someone_who_says(answer: bytes) -> Iterator[str]:
    """The address of a server that is no cluster."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(1024)
                caller.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    "address", ["", "nowhere", "10.0.0.5", "host:0", "host:70000", "ray://host:10001", "a b:1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with (
        pytest.raises(InvalidInput, match="`ray` must be auto or the HOST:PORT"),
        connected(address),
    ):
        pass


def test_a_cluster_that_cannot_be_reached_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        pytest.raises(ClusterFailed, match=f"No Ray cluster answers at 127.0.0.1:{port}: Conn"),
        connected(f"127.0.0.1:{port}"),
    ):
        pass


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_whoever_else_answers_there_is_no_cluster(answer: bytes) -> None:
    with (
        someone_who_says(answer) as address,
        pytest.raises(ClusterFailed, match="what answers there is none"),
        connected(address),
    ):
        pass


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(
            "Version mismatch: The cluster was started with:\n    Ray: 2.60.0\n"
            "    Python: 3.12.1\nThis process on node 10.0.0.5 was started with:\n"
            "    Ray: 2.61.0\n    Python: 3.11.7\n",
            r"runs Ray 2\.60\.0 on Python 3\.12\.1, and this process Ray 2\.61\.0 on Python ",
            id="other versions",
        ),
        pytest.param(
            "Failed to connect\nto Ray cluster.",
            r"Failed to connect to Ray cluster\. This machine",
            id="no node of it",
        ),
    ],
)
def test_what_ray_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    def refuse(**_: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(ClusterFailed, match=told) as caught, connected("auto"):
        pass
    assert "\n" not in str(caught.value)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'maskwise\[ray\]'"), connected():
        pass


@pytest.mark.train
def test_this_machine_alone_is_a_cluster_until_the_block_ends() -> None:
    with connected() as cluster:
        assert sum(cluster.cores) >= 1
        assert ray.get(ray.remote(lambda: 1 + 1).remote()) == 2
    assert not ray.is_initialized()
