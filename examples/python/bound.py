"""Keeps error chains within their budget. It is no library: copy it."""

from errchain.v1 import error_chain_pb2 as pb

# More may not fit into the trailers of a gRPC call.
MAX_BYTES, MAX_CAUSES, MAX_MESSAGE_BYTES, MAX_NAME_BYTES = 4096, 32, 512, 63


def bounded(chain, root):
    """What stays of a chain that is too large: the nearest cause and the root cause.

    What the others say against a retry is noted on the nearest, since whoever
    retries must not miss it.
    """
    chain.DiscardUnknownFields()
    nearest = _short(chain.causes[0])
    kept = [nearest]
    for cause in chain.causes[1:]:
        if cause is root:
            nearest.branches = 1
            kept.append(_short(root))
        else:
            nearest.elided = min(nearest.elided + 1 + cause.elided, 2**32 - 1)
            _note_retry(nearest, cause.retry)
    trace_id = chain.trace_id if len(chain.trace_id) == 16 else b""
    return pb.ErrorChain(causes=kept, trace_id=trace_id).SerializeToString()


def _note_retry(cause, other):
    """Notes what another cause says against a retry: that it is forbidden, or was tried already."""
    if other.advice == pb.RETRY_ADVICE_DO_NOT_RETRY:
        cause.retry.advice = other.advice
    if other.attempts > cause.retry.attempts:
        cause.retry.attempts = other.attempts


def _short(cause):
    """A cause with what everybody needs to know of it."""
    kept = pb.Cause(
        system=cut(cause.system, MAX_NAME_BYTES),
        module=cut(cause.module, MAX_NAME_BYTES),
        code=cut(cause.code, MAX_NAME_BYTES),
        reason=cause.reason if len(cause.reason.encode()) <= MAX_NAME_BYTES else "",
        message=cut(cause.message, MAX_MESSAGE_BYTES),
        provenance=cause.provenance,
        visibility=cause.visibility,
        status=cause.status,
        elided=cause.elided,
    )
    for name in ("retry", "occurred_at"):
        if cause.HasField(name):
            getattr(kept, name).CopyFrom(getattr(cause, name))
    return kept


def cut(text, max_bytes):
    return text.encode()[:max_bytes].decode(errors="ignore")
