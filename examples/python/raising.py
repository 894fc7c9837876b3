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
VERSION = re.compile(r"v\d+(p\d+)?((alpha|beta|test)\w*)?")


def raised(enum, number, args=None, private_args=None):
    """The cause that the code's declaration in its proto file describes."""
    args, private_args = _well_formed(args), _well_formed(private_args)
    value = enum.DESCRIPTOR.values_by_number[number]
    source = enum.DESCRIPTOR.GetOptions().Extensions[catalog.catalog]
    declared = value.GetOptions().Extensions[catalog.error]
    texts = {"{{": "{", "}}": "}"} | {f"{{{name}}}": text for name, text in args.items()}
    cause = pb.Cause(
        system=source.system,
        module=source.module,
        code=str(number),
        reason=_reason(value),
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
    cause.system, cause.module = component.system or _system_of_package(service), component.module
    cause.provenance, cause.status = pb.PROVENANCE_OBSERVED, status
    return cause


def _well_formed(values):
    """The same values without halves of surrogate pairs, as in names of files: those cannot be sent."""
    return {_text(name): _text(value) for name, value in (values or {}).items()}


def _text(value):
    return re.sub("[\ud800-\udfff]", "\ufffd", value)


def _reason(code):
    """The name of a code without the prefix of its enum, which is that of the value _UNSPECIFIED."""
    zero = code.type.values_by_number.get(0)
    if zero and zero.name.endswith("UNSPECIFIED"):
        return code.name.removeprefix(zero.name.removesuffix("UNSPECIFIED"))
    return code.name


def _system_of_package(service):
    """The system of a service without the option component: the last part of its package that is no version.

    A service without a package goes by its own name.
    """
    parts = [part for part in service.file.package.split(".") if part and not VERSION.fullmatch(part)]
    name = re.sub("[^A-Z0-9]", "", (parts or [service.name])[-1].upper())
    return (name if name[:1].isalpha() else f"X{name}")[:32]
