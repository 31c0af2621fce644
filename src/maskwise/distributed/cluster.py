"""Cluster: the way to Ray, on this machine alone or over many."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from maskwise.errors import ClusterFailed, InvalidInput
from maskwise.extras import load

AUTO: Final = "auto"
"""The address of the cluster that this machine is a node of."""

_KNOCK_S: Final = 5.0
_GREETING: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS_FRAME: Final = b"\0\0\0\4\0\0\0\0\0"  # an empty one
_ADDRESS: Final = re.compile(r"(?P<host>[^\s:/]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")
_VERSIONS: Final = re.compile(r"(Ray|Python): (\S+)")
_LOOPBACK: Final = "127.0.0.1"
_SETTINGS: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nobody is told that somebody uses it
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of what it will do some day
    "RAY_TRAIN_V2_ENABLED": "1",
}
_WISHES: Final = {  # that people may have set otherwise
    "RAY_NUM_REDIS_GET_RETRIES": "5",  # one a second, until a cluster counts as unreachable
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Ray, as long as this process is connected to it.

    Attributes:
        cores: Of each node.
    """

    cores: tuple[int, ...]


@contextmanager
def connected(address: str | None = None) -> Iterator[Cluster]:
    """Be connected to a cluster until the block ends; what runs there for this process ends then.

    Args:
        address: None starts Ray on this machine, for this process alone, with all its cores, and
            ends it with the block. `auto` is the cluster that this machine is a node of, and
            `HOST:PORT` the one whose head is there; this machine must be a node of it, too.

    Raises:
        ClusterFailed: It cannot be reached, or runs other versions than this process.
        InvalidInput: `address` is no address.
        MissingExtra: Ray is not installed.
    """
    if address == AUTO:
        address = os.environ.get("RAY_ADDRESS", AUTO)
    require_address(address)
    os.environ.update({**_WISHES, **os.environ, **_SETTINGS})
    ray = load("ray", extra="ray")
    if address not in (None, AUTO):
        _knock(str(address))
    try:
        _connect(ray, address)
        yield Cluster(_cores(ray))
    finally:
        ray.shutdown()


def require_address(address: str | None) -> None:
    """Refuse what is no address of a cluster; see `connected`.

    Raises:
        InvalidInput: It is none.
    """
    if address is None or address == AUTO:
        return
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"]) < 2**16:
        raise InvalidInput(
            f"`ray` must be {AUTO} or the HOST:PORT of the head of a cluster (as 10.0.0.5:6379), "
            f"or stand alone for this machine. Received: {address!r}."
        )


def _knock(address: str) -> None:
    """Find out quickly whether a cluster may be there: Ray itself would wait for minutes.

    The head speaks gRPC, so whoever is there must greet as HTTP/2 does.

    Source: RFC 9113, section 3.4.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S) as there:
            there.sendall(_GREETING + _SETTINGS_FRAME)
            greets = there.recv(len(_SETTINGS_FRAME))[3:4] == _SETTINGS_FRAME[3:4]
        reason = "" if greets else "what answers there is none"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise ClusterFailed(
            f"No Ray cluster answers at {address}: {reason}. Start its head with `ray start "
            "--head`, or leave out the address to use this machine alone."
        )


def _connect(ray: ModuleType, address: str | None) -> None:
    where = {"address": address} if address else {"address": "local", "_node_ip_address": _LOOPBACK}
    try:
        ray.init(**where, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterFailed(_reason(str(error), address)) from error


def _reason(said: str, address: str | None) -> str:
    place = f"the Ray cluster at {address}" if address else "Ray on this machine"
    if "Version mismatch" in said:
        (_, ray), (_, python), (_, our_ray), (_, our_python) = _VERSIONS.findall(said)[:4]
        return (
            f"Versions differ: {place} runs Ray {ray} on Python {python}, and this process Ray "
            f"{our_ray} on Python {our_python}. Install the same on all machines."
        )
    return (
        f"Cannot use {place}: {' '.join(said.split()).rstrip('.')}. This machine must be a node of "
        "it (`ray start --address HOST:PORT`), and know its token if it has one "
        "(RAY_AUTH_MODE=token)."
    )


def _cores(ray: ModuleType) -> tuple[int, ...]:
    nodes = [node for node in ray.nodes() if node["Alive"]]
    return tuple(n for n in (int(node["Resources"].get("CPU", 0)) for node in nodes) if n)
