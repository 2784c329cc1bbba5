"""usage: misbehave.py PORT reset|never-read|silent: twenty rude clients, and a polite one among them."""
import socket
import struct
import sys

port, kind = int(sys.argv[1]), sys.argv[2]


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def polite():
    with connect() as client:
        client.sendall(b"please")
        assert client.recv(100) == b"please"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""


kept = []
for _ in range(20):
    client = connect()
    if kind == "reset":
        client.sendall(b"x" * 1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    elif kind == "never-read":
        client.setblocking(False)
        try:
            while True:
                client.send(b"x" * 65536)
        except BlockingIOError:
            kept.append(client)
    else:
        kept.append(client)
    polite()
print("ok")
