"""Calls of Python's grpcio, again and again: ADDRESS CLIENTS LENGTH [CERTIFICATE].

Says after every call what came of it, one word to a line, `ok` when it was answered. Ends when its
standard input does.
"""

import sys
import threading

import grpc

AT_A_TIME = 4
PATIENCE = 20

address, clients, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
certificate = open(sys.argv[4], "rb").read() if len(sys.argv) > 4 else None
done = threading.Event()


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


# A message with the one field 1.
ask = b"\x08" + varint(length)
expected = 1 + len(varint(length)) + length


def open_channel():
    # Else channels to the same address share a connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.ssl_target_name_override", "localhost")]
    if certificate is None:
        return grpc.insecure_channel(address, options)
    credentials = grpc.ssl_channel_credentials(certificate)
    return grpc.secure_channel(address, credentials, options)


def call_again_and_again(get):
    while not done.is_set():
        try:
            answer = get(ask, timeout=PATIENCE)
            seen = "ok" if len(answer) == expected else "a short answer"
        except grpc.RpcError as error:
            seen = f"{error.code().name}: {error.details()}".replace("\n", " ")
        sys.stdout.write(seen + "\n")
        sys.stdout.flush()


channels = [open_channel() for _ in range(clients)]
threads = [
    threading.Thread(target=call_again_and_again, args=[channel.unary_unary("/handover.Answers/Get")])
    for channel in channels
    for _ in range(AT_A_TIME)
]
for thread in threads:
    thread.start()
sys.stdin.read()
done.set()
for thread in threads:
    thread.join()
for channel in channels:
    channel.close()
