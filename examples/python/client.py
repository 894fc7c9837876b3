"""Asks ROUTE for a range, and says which system failed and why."""

import sys

import grpc
from route.v1 import route_pb2, route_pb2_grpc

import chain
import grpc_chain

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
service = route_pb2.DESCRIPTOR.services_by_name["RouteService"]
request = route_pb2.FindRangeRequest(address="Mill Lane 3, 21037", product="FRESH")

with grpc.insecure_channel(address) as channel:
    try:
        found = route_pb2_grpc.RouteServiceStub(channel).FindRange(request, timeout=5)
        print("the range is", found.range)
    except grpc.RpcError as error:
        print(error.code().name)
        received = chain.read(grpc_chain.below(error, service))
        for cause in received.causes:
            print(chain.full_code(cause), cause.message)
        print("root cause:", chain.full_code(chain.root(received)))
