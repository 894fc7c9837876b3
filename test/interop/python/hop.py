"""What the three systems do, whichever stack the request came by."""

from dataclasses import dataclass

from errchain.v1 import error_chain_pb2 as pb
from promise.v1 import eta_pb2
from route.v1 import route_pb2
from wms.v1 import order_pb2

import chain
from raising import raised

WMS = order_pb2.DESCRIPTOR.services_by_name["OrderService"]
PROMISE = eta_pb2.DESCRIPTOR.services_by_name["EtaService"]
ROUTE = route_pb2.DESCRIPTOR.services_by_name["RouteService"]

# Field 900, which no version has yet: "from a newer version".
UNKNOWN_FIELD = bytes([0xA2, 0x38, 20]) + b"from a newer version"


@dataclass
class Order:
    """What the headers and the request ask of a hop."""

    next: list  # the addresses of the hops below, nearest first; several to ask at once with "+" in between
    join: str  # "bytes" or "message"
    odd: bool  # the leaf sends what this version does not know
    protocol: str  # "grpc" or "connect"
    traceparent: str
    address: str
    product: str
    number: str

    @staticmethod
    def read(header, request):
        """header is a function from names to texts or None."""
        return Order(
            next=(header("x-next") or "").split(","),
            join=header("x-join") or "",
            odd=header("x-odd") == "1",
            protocol=header("x-protocol") or "",
            traceparent=header("traceparent") or "",
            address=request.address,
            product=request.product,
            number=getattr(request, "order", ""),
        )

    def headers(self):
        """The headers of the call to the next hop."""
        headers = {"x-next": ",".join(self.next[1:]), "x-join": self.join, "x-protocol": self.protocol}
        if self.odd:
            headers["x-odd"] = "1"
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        return headers

    def request(self, service):
        if service is WMS:
            return order_pb2.PlaceOrderRequest(order=self.number, address=self.address, product=self.product)
        kind = eta_pb2.PromiseDeliveryRequest if service is PROMISE else route_pb2.FindRangeRequest
        return kind(address=self.address, product=self.product)


@dataclass
class Failure(Exception):
    """A failed call, or what a hop answers: a status and a chain."""

    status: int
    message: str
    joined: bytes


class Hop:
    def __init__(self, name, call):
        """call takes an address, an Order and a service, and gives the response or raises a Failure."""
        self.name = name
        self.call = call

    def place_order(self, order):
        below = self._below(order, PROMISE)
        if isinstance(below, list):
            self._fail(order, order_pb2.OrderError, order_pb2.ORDER_ERROR_CANNOT_BE_PROMISED, {}, below)
        return order_pb2.PlaceOrderResponse(delivery_time=below.delivery_time)

    def promise_delivery(self, order):
        below = self._below(order, ROUTE)
        if isinstance(below, list):
            self._fail(order, eta_pb2.EtaError, eta_pb2.ETA_ERROR_NO_DELIVERY_TIME, {}, below)
        return eta_pb2.PromiseDeliveryResponse(delivery_time=below.range)

    def find_range(self, order):
        if order.address.startswith("Harbour Road"):
            return route_pb2.FindRangeResponse(range="Hamburg Mitte")
        address = order.address.replace("?", "\udcff")
        args = {"address": address, "product": order.product}
        number = route_pb2.ROUTE_ERROR_RANGE_NOT_CONFIGURED
        self._fail(order, route_pb2.RouteError, number, args, [], {"asked_for": address})

    def _below(self, order, service):
        """The last response of the hops below, or a list of the chains of those that failed."""
        chains = []
        for address in order.next[0].split("+"):
            try:
                response = self.call(address, order, service)
            except Failure as failure:
                chains.append(failure.joined)
        return chains or response

    def _fail(self, order, enum, number, args, below, private_args={}):
        """Raises an error in one of two ways: with joined bytes or with a message that was put together."""
        own = raised(enum, number, args, {"answered_by": self.name} | private_args)
        if order.odd and not below:
            own.elided = 7
            own.MergeFromString(UNKNOWN_FIELD)
        trace_id = chain.trace_id(order.traceparent)
        if order.join == "message":
            own.branches = len(below)
            whole = pb.ErrorChain(causes=[own], trace_id=trace_id)
            for received in below:
                whole.causes.extend(chain.read(received).causes)
            joined = whole.SerializeToString()
        else:
            joined = chain.join(own, trace_id, below)
        raise Failure(own.status, own.message, joined)
