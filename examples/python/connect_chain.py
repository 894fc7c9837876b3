"""Sends and receives error chains with connectrpc. It is no library: copy it."""

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from errchain.v1 import error_chain_pb2 as pb
from protobuf.wkt import Any

import chain
from bound import MAX_MESSAGE_BYTES, cut
from raising import observed

TYPE_NAME = "errchain.v1.ErrorChain"


def error(own, joined):
    """The error that a handler raises: its own cause and the chain that begins with it, see chain.join."""
    detail = ErrorDetail(Any(type_url=f"type.googleapis.com/{TYPE_NAME}", value=joined))
    message = cut(own.message, MAX_MESSAGE_BYTES)  # over gRPC it travels twice, and percent-encoded
    return ConnectError(Code[pb.Status.Name(own.status).removeprefix("STATUS_")], message, [detail])


def below(failed, callee):
    """The encoded chain of a ConnectError, by which its callee or, where that said nothing, we ourselves name what failed.

    callee is the descriptor of the service that was called.
    """
    for detail in failed.details:
        if detail.type_name == TYPE_NAME and chain.read(detail.message_bytes):
            return detail.message_bytes
    return chain.join(observed(callee, pb.Status.Value(f"STATUS_{failed.code.name}"), failed.message))
