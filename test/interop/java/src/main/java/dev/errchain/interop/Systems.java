package dev.errchain.interop;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import promise.v1.Eta.PromiseDeliveryRequest;
import promise.v1.Eta.PromiseDeliveryResponse;
import promise.v1.EtaServiceGrpc;
import route.v1.Route.FindRangeRequest;
import route.v1.Route.FindRangeResponse;
import route.v1.RouteServiceGrpc;
import wms.v1.Order.PlaceOrderRequest;
import wms.v1.Order.PlaceOrderResponse;
import wms.v1.OrderServiceGrpc;

/** The three systems behind one address, on grpc-java. */
final class Systems {
  private static final Context.Key<Metadata> HEADERS = Context.key("headers");

  static Server start() throws IOException {
    return Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
        .addService(new Wms())
        .addService(new Promise())
        .addService(new Route())
        .intercept(KEEP_HEADERS)
        .build()
        .start();
  }

  private static final class Wms extends OrderServiceGrpc.OrderServiceImplBase {
    @Override
    public void placeOrder(PlaceOrderRequest request, StreamObserver<PlaceOrderResponse> answer) {
      Order order = order(request.getOrder(), request.getAddress(), request.getProduct());
      answer(
          answer,
          () -> Hop.placeOrder(order),
          text -> PlaceOrderResponse.newBuilder().setDeliveryTime(text).build());
    }
  }

  private static final class Promise extends EtaServiceGrpc.EtaServiceImplBase {
    @Override
    public void promiseDelivery(
        PromiseDeliveryRequest request, StreamObserver<PromiseDeliveryResponse> answer) {
      Order order = order("", request.getAddress(), request.getProduct());
      answer(
          answer,
          () -> Hop.promiseDelivery(order),
          text -> PromiseDeliveryResponse.newBuilder().setDeliveryTime(text).build());
    }
  }

  private static final class Route extends RouteServiceGrpc.RouteServiceImplBase {
    @Override
    public void findRange(FindRangeRequest request, StreamObserver<FindRangeResponse> answer) {
      Order order = order("", request.getAddress(), request.getProduct());
      answer(
          answer,
          () -> Hop.findRange(order),
          text -> FindRangeResponse.newBuilder().setRange(text).build());
    }
  }

  private static Order order(String number, String address, String product) {
    Metadata headers = HEADERS.get();
    return Order.read(
        name -> Objects.requireNonNullElse(headers.get(Order.key(name)), ""),
        number,
        address,
        product);
  }

  private static <T> void answer(
      StreamObserver<T> answer, Supplier<String> handle, Function<String, T> response) {
    try {
      answer.onNext(response.apply(handle.get()));
      answer.onCompleted();
    } catch (StatusRuntimeException failed) {
      answer.onError(failed);
    }
  }

  private static final ServerInterceptor KEEP_HEADERS =
      new ServerInterceptor() {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
          Context context = Context.current().withValue(HEADERS, headers);
          return Contexts.interceptCall(context, call, headers, next);
        }
      };

  private Systems() {}
}
