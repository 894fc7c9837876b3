"""connectrpc on both sides of a hop. Its server speaks gRPC too, and its client either."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import socket

from connectrpc.client import ConnectClientSync
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_codecs
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.protocol import ProtocolType
from connectrpc.server import ConnectASGIApplication, Endpoint
from errchain.v1 import error_chain_pb2 as pb
from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config
from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport
from google.protobuf.message_factory import GetMessageClass

import connect_chain
from hop import PROMISE, ROUTE, WMS, Failure, Hop, Order

http = SyncClient(SyncHTTPTransport(http_version=HTTPVersion.HTTP2))


def method_of(service):
    (method,) = service.methods
    return MethodInfo(
        name=method.name,
        service_name=service.full_name,
        input=GetMessageClass(method.input_type),
        output=GetMessageClass(method.output_type),
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=StreamType.UNARY,
    )


def call(address, order, service):
    protocol = ProtocolType.CONNECT if order.protocol == "connect" else ProtocolType.GRPC
    client = ConnectClientSync(
        f"http://{address}",
        codec=google_protobuf_binary_codec(),
        protocol=protocol,
        send_compression=None,  # not every gRPC server takes gzip
        http_client=http,
    )
    try:
        return client.execute_unary(
            request=order.request(service), method=method_of(service), headers=order.headers()
        )
    except ConnectError as error:
        status = pb.Status.Value(f"STATUS_{error.code.name}")
        raise Failure(status, error.message, connect_chain.below(error, service)) from error


hop = Hop("python-connect", call)
threads = ThreadPoolExecutor(max_workers=32)


def endpoint(service, answer):
    async def handle(request, context):
        order = Order.read(context.request_headers.get, request)
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, answer, order)
        except Failure as failure:
            raise connect_chain.error(failure, failure.joined) from failure

    method = method_of(service)
    return f"/{method.service_name}/{method.name}", Endpoint.unary(method=method, function=handle)


class Application(ConnectASGIApplication):
    """All three services under one address."""

    @property
    def path(self):
        return ""


def serve():
    """Starts a server and gives its address."""
    endpoints = dict(
        [
            endpoint(WMS, hop.place_order),
            endpoint(PROMISE, hop.promise_delivery),
            endpoint(ROUTE, hop.find_range),
        ]
    )
    application = Application(service=None, endpoints=lambda _: endpoints, codecs=google_protobuf_codecs())
    listening = socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    address = "{}:{}".format(*listening.getsockname())
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = None

    async def run():
        await serve_asgi(application, config, shutdown_trigger=asyncio.Event().wait)

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    return address
