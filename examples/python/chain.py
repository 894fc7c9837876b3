"""Joins and reads error chains. It is no library: copy it."""

import re

from errchain.v1 import error_chain_pb2 as pb
from google.protobuf.message import DecodeError

from bound import MAX_BYTES, MAX_CAUSES, bounded


def join(own, trace_id=b"", below=()):
    """Puts a cause in front of the encoded chains from below.

    It joins bytes, so that what a newer version has written into them stays.
    It gives no bytes where nobody could read them, as of an own cause without a
    system: better no chain than no answer.
    """
    chains = [(received, chain) for received in below if (chain := read(received))]
    own.branches = len(chains)
    joined = pb.ErrorChain(causes=[own]).SerializeToString() + b"".join(received for received, _ in chains)
    if trace_id != (chains[-1][1].trace_id if chains else b""):
        joined += pb.ErrorChain(trace_id=trace_id).SerializeToString()
    everything = read(joined)
    if everything is None:
        return b""
    if len(joined) <= MAX_BYTES and len(everything.causes) <= MAX_CAUSES:
        return joined
    return bounded(everything, root(everything))


def read(received):
    """Decodes a chain from anybody; None if the bytes are none."""
    try:
        chain = pb.ErrorChain.FromString(received)
    except DecodeError:
        return None
    valid = chain.causes and all(cause.system and cause.code for cause in chain.causes)
    return chain if valid else None


def root(chain):
    """The cause that all others followed from.

    In a fan-out it is the one of those that failed first, and where a time is
    missing, the first in the chain.
    """
    missing = 0  # causes that were announced and have not come yet
    first = None
    for place, cause in enumerate(chain.causes, 1):
        missing = max(missing - 1, 0) + cause.branches
        is_leaf = (cause.branches == 0 and missing > 0) or place == len(chain.causes)
        if is_leaf and (first is None or _failed_before(cause, first)):
            first = cause
    return first


def _failed_before(a, b):
    times = [(cause.occurred_at.seconds, cause.occurred_at.nanos) for cause in (a, b) if cause.HasField("occurred_at")]
    return len(times) == 2 and times[0] < times[1]


def full_code(cause):
    """What people quote: ROUTE_DISPATCH_20003."""
    return "_".join(part for part in (cause.system, cause.module, cause.code) if part)


def trace_id(traceparent):
    """The trace ID in a W3C traceparent header; empty if there is none. IDs of zeros are none, and ff is no version."""
    found = re.match(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-", traceparent or "")
    return bytes.fromhex(found[1]) if found else b""
