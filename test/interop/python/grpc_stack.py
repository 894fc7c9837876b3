"""grpcio on both sides of a hop."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import grpc
from promise.v1 import eta_pb2_grpc
from route.v1 import route_pb2_grpc
from wms.v1 import order_pb2_grpc

import grpc_chain
from hop import PROMISE, WMS, Failure, Hop, Order

channel = cache(grpc.insecure_channel)


def call(address, order, service):
    if service is WMS:
        procedure = order_pb2_grpc.OrderServiceStub(channel(address)).PlaceOrder
    elif service is PROMISE:
        procedure = eta_pb2_grpc.EtaServiceStub(channel(address)).PromiseDelivery
    else:
        procedure = route_pb2_grpc.RouteServiceStub(channel(address)).FindRange
    try:
        return procedure(order.request(service), metadata=list(order.headers().items()))
    except grpc.RpcError as error:
        status = error.code().value[0]
        raise Failure(status, error.details(), grpc_chain.below(error, service)) from error


hop = Hop("python", call)


def handled(answer, request, context):
    header = dict(context.invocation_metadata()).get
    try:
        return answer(Order.read(header, request))
    except Failure as failure:
        grpc_chain.abort(context, failure, failure.joined)


class Service(order_pb2_grpc.OrderServiceServicer, eta_pb2_grpc.EtaServiceServicer, route_pb2_grpc.RouteServiceServicer):
    def PlaceOrder(self, request, context):
        return handled(hop.place_order, request, context)

    def PromiseDelivery(self, request, context):
        return handled(hop.promise_delivery, request, context)

    def FindRange(self, request, context):
        return handled(hop.find_range, request, context)


def serve():
    """Starts a server and gives its address."""
    server = grpc.server(ThreadPoolExecutor(max_workers=32))
    order_pb2_grpc.add_OrderServiceServicer_to_server(Service(), server)
    eta_pb2_grpc.add_EtaServiceServicer_to_server(Service(), server)
    route_pb2_grpc.add_RouteServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    global running  # a server ends when nobody holds it any more
    running = server
    return f"127.0.0.1:{port}"
