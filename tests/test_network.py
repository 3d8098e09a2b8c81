"""Tests reach this machine and nothing else."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")  # The guard warns as well as it refuses.
def test_no_test_can_reach_the_outside() -> None:
    with socket.socket() as outward, pytest.raises(SocketConnectBlockedError):
        # An address that is reserved for documentation: even without the guard nobody would answer.
        outward.connect(("192.0.2.1", 443))
