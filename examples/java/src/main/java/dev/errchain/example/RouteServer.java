package dev.errchain.example;

import com.google.protobuf.ByteString;
import dev.errchain.v1.Cause;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import route.v1.Route.FindRangeRequest;
import route.v1.Route.FindRangeResponse;
import route.v1.Route.RouteError;
import route.v1.RouteServiceGrpc;

/** ROUTE: a gRPC server that raises ROUTE_DISPATCH_20003. */
public final class RouteServer extends RouteServiceGrpc.RouteServiceImplBase {
  @Override
  public void findRange(FindRangeRequest request, StreamObserver<FindRangeResponse> answer) {
    Cause.Builder own =
        Causes.raised(
            RouteError.ROUTE_ERROR_RANGE_NOT_CONFIGURED,
            Map.of("address", request.getAddress(), "product", request.getProduct()),
            Map.of("warehouse_id", "HH-3"));
    ByteString traceId = GrpcChains.traceId(GrpcChains.CURRENT_TRACEPARENT.get());
    answer.onError(GrpcChains.error(own, Chains.join(own, traceId, List.of())));
  }

  public static void main(String[] args) throws Exception {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 50051;
    Server server =
        Grpc.newServerBuilderForPort(port, InsecureServerCredentials.create())
            .addService(new RouteServer())
            .intercept(GrpcChains.TRACING)
            .build()
            .start();
    System.out.println("ROUTE listens on port " + server.getPort());
    server.awaitTermination();
  }
}
