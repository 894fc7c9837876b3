"""Makes causes. It is no library: copy it."""

import re

from errchain.v1 import builtin_errors_pb2 as builtin
from errchain.v1 import catalog_pb2 as catalog
from errchain.v1 import error_chain_pb2 as pb

BUILTIN_CODES = {
    pb.STATUS_DEADLINE_EXCEEDED: builtin.BUILTIN_ERROR_TIMED_OUT,
    pb.STATUS_UNIMPLEMENTED: builtin.BUILTIN_ERROR_UNIMPLEMENTED,
    pb.STATUS_UNAVAILABLE: builtin.BUILTIN_ERROR_UNREACHABLE,
}


def raised(enum, number, args=None, private_args=None):
    """The cause that the code's declaration in its proto file describes."""
    value = enum.DESCRIPTOR.values_by_number[number]
    source = enum.DESCRIPTOR.GetOptions().Extensions[catalog.catalog]
    declared = value.GetOptions().Extensions[catalog.error]
    prefix = enum.DESCRIPTOR.values_by_number[0].name.removesuffix("UNSPECIFIED")
    texts = {"{{": "{", "}}": "}"} | {f"{{{name}}}": text for name, text in (args or {}).items()}
    cause = pb.Cause(
        system=source.system,
        module=source.module,
        code=str(number),
        reason=value.name.removeprefix(prefix),
        message=re.sub(r"\{\{|\}\}|\{\w+\}", lambda found: texts.get(found[0], found[0]), declared.message),
        args=args,
        private_args=private_args,
        provenance=pb.PROVENANCE_RAISED,
        visibility=declared.visibility or pb.VISIBILITY_INTERNAL,
        status=declared.status,
        retry=pb.Retry(advice=declared.retry),
        help=declared.help,
    )
    if declared.HasField("retry_delay"):
        cause.retry.delay.CopyFrom(declared.retry_delay)
    cause.occurred_at.GetCurrentTime()
    return cause


def observed(service, status, text):
    """What a caller says of a service that answered without a chain, or not at all."""
    code = BUILTIN_CODES.get(status, builtin.BUILTIN_ERROR_UNCLASSIFIED)
    component = service.GetOptions().Extensions[catalog.component]
    cause = raised(builtin.BuiltinError, code, private_args={"error": text})
    cause.system, cause.module = component.system, component.module
    cause.provenance, cause.status = pb.PROVENANCE_OBSERVED, status
    return cause
