"""ROUTE: a gRPC server that raises ROUTE_DISPATCH_20003."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from route.v1 import route_pb2, route_pb2_grpc

import chain
import grpc_chain
from raising import raised


class Route(route_pb2_grpc.RouteServiceServicer):
    def FindRange(self, request, context):
        own = raised(
            route_pb2.RouteError,
            route_pb2.ROUTE_ERROR_RANGE_NOT_CONFIGURED,
            {"address": request.address, "product": request.product},
            {"warehouse_id": "HH-3"},
        )
        trace_id = chain.trace_id(grpc_chain.traceparent(context))
        grpc_chain.abort(context, own, chain.join(own, trace_id))


address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
server = grpc.server(ThreadPoolExecutor())
route_pb2_grpc.add_RouteServiceServicer_to_server(Route(), server)
port = server.add_insecure_port(address)
server.start()
print(f"ROUTE listens on port {port}", flush=True)
server.wait_for_termination()
