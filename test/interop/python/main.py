"""A hop of the interop tests, on grpcio or on connectrpc.

What it is asked by standard input is described in ../README.md.
"""

import base64
import binascii
import json
import os
import sys

from errchain.v1 import error_chain_pb2 as pb
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

import chain
from declared import observe_declared, raise_declared
from hop import WMS, Failure, Order

if sys.argv[1:] == ["grpc"]:
    import grpc_stack as stack
elif sys.argv[1:] == ["connect"]:
    import connect_stack as stack
else:
    sys.exit("usage: main.py grpc|connect")


def describe(received, status=None):
    if received is None:
        return {"status": status or 0}
    return {
        "status": received.causes[0].status if status is None else status,
        "codes": [chain.full_code(cause) for cause in received.causes],
        "root": MessageToDict(chain.root(received)),
        "chain": MessageToDict(received),
    }


def call(target, times, *headers):
    """Places an order a number of times, and counts the errors that brought the same chain as the first."""
    given = dict(header.split("=", 1) for header in headers)

    class request:
        address, product, order = "弥勒巷3号", "生鲜", "4711"

    order = Order.read(given.get, request)
    order.next.insert(0, target)  # headers() leaves out the first
    results = []
    for _ in range(int(times)):
        try:
            return {"text": stack.call(target, order, WMS).delivery_time}
        except Failure as failure:
            results.append(describe(chain.read(failure.joined), failure.status))
    same = [r for r in results if (r["status"], r["codes"]) == (results[0]["status"], results[0]["codes"])]
    return results[0] | {"whole": len(same)}


def read(encoded):
    return describe(chain.read(bytes.fromhex(encoded)))


def details(text):
    try:
        status = Status.FromString(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, DecodeError):
        return {"status": 0}
    for detail in status.details:
        if detail.type_url.endswith("/errchain.v1.ErrorChain"):
            return describe(chain.read(detail.value), status.code)
    return {"status": status.code}


def join(own, trace_id, *below):
    cause = pb.Cause.FromString(bytes.fromhex(own))
    joined = chain.join(cause, bytes.fromhex(trace_id), [bytes.fromhex(encoded) for encoded in below])
    return {"encoded": joined.hex()}


def raise_(file, number):
    return {"root": MessageToDict(raise_declared(file, number))}


def observe(file):
    return describe(observe_declared(file))


print(stack.serve(), flush=True)
commands = {"call": call, "read": read, "details": details, "join": join, "raise": raise_, "observe": observe}
for line in sys.stdin:
    name, *arguments = line.rstrip("\n").split(" ")
    print(json.dumps(commands[name](*arguments)), flush=True)
os._exit(0)  # without waiting for the threads of servers
