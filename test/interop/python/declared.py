"""What proto files declare that the hop was not built with."""

from types import SimpleNamespace

from errchain.v1 import error_chain_pb2 as pb
from google.protobuf.descriptor_pool import DescriptorPool

import chain
from raising import observed, raised


def raise_declared(file, number):
    """A cause with a code of the only enum of a proto file."""
    (enum,) = _read(file).enum_types_by_name.values()
    return raised(SimpleNamespace(DESCRIPTOR=enum), int(number))


def observe_declared(file):
    """The chain of a caller of the only service of a proto file, which is down."""
    (service,) = _read(file).services_by_name.values()
    return chain.read(chain.join(observed(service, pb.STATUS_UNAVAILABLE, "it is down")))


def _read(file):
    return DescriptorPool().AddSerializedFile(bytes.fromhex(file))
