"""Sends and receives error chains with grpcio. It is no library: copy it."""

import grpc
from errchain.v1 import error_chain_pb2 as pb
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

import chain
from bound import MAX_MESSAGE_BYTES, cut
from raising import observed

TYPE_URL = "type.googleapis.com/errchain.v1.ErrorChain"
DETAILS = "grpc-status-details-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}


def abort(context, own, joined):
    """Ends a request with an error: its own cause and the chain that begins with it, see chain.join."""
    detail = Any(type_url=TYPE_URL, value=joined)
    message = cut(own.message, MAX_MESSAGE_BYTES)  # it travels twice, and percent-encoded
    status = Status(code=own.status, message=message, details=[detail])
    context.set_trailing_metadata(((DETAILS, status.SerializeToString()),))
    context.abort(CODES[own.status], message)


def below(error, callee):
    """The encoded chain of a grpc.RpcError, by which its callee or, where that said nothing, we ourselves name what failed.

    callee is the descriptor of the service that was called.
    """
    for name, value in error.trailing_metadata() or ():
        for detail in _details(value) if name == DETAILS else ():
            if detail.type_url == TYPE_URL and chain.read(detail.value):
                return detail.value
    return chain.join(observed(callee, error.code().value[0], error.details()))


def traceparent(context):
    """The header by which calls continue the trace of a request; None if it has none."""
    return dict(context.invocation_metadata()).get("traceparent")


def _details(value):
    try:
        return Status.FromString(value).details
    except DecodeError:
        return ()
