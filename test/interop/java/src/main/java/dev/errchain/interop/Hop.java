package dev.errchain.interop;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.ProtocolMessageEnum;
import com.google.protobuf.UnknownFieldSet;
import dev.errchain.example.Causes;
import dev.errchain.example.Chains;
import dev.errchain.example.GrpcChains;
import dev.errchain.v1.Cause;
import dev.errchain.v1.ErrorChain;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import promise.v1.Eta;
import promise.v1.Eta.EtaError;
import promise.v1.Eta.PromiseDeliveryRequest;
import promise.v1.EtaServiceGrpc;
import route.v1.Route;
import route.v1.Route.FindRangeRequest;
import route.v1.Route.RouteError;
import route.v1.RouteServiceGrpc;
import wms.v1.Order.OrderError;
import wms.v1.Order.PlaceOrderRequest;
import wms.v1.OrderServiceGrpc;

/** What the three systems do. */
final class Hop {
  private static final ServiceDescriptor WMS =
      wms.v1.Order.getDescriptor().findServiceByName("OrderService");
  private static final ServiceDescriptor PROMISE =
      Eta.getDescriptor().findServiceByName("EtaService");
  private static final ServiceDescriptor ROUTE =
      Route.getDescriptor().findServiceByName("RouteService");

  private static final Map<String, Channel> CHANNELS = new ConcurrentHashMap<>();

  /** Makes a call, and gives the text of its answer. */
  private interface Call {
    String to(Channel channel);
  }

  /** A failed call. */
  static final class Failure extends Exception {
    final int status;
    final ByteString chain;

    Failure(StatusRuntimeException failed, ServiceDescriptor callee) {
      this.status = failed.getStatus().getCode().value();
      this.chain = GrpcChains.below(failed, callee);
    }
  }

  /** Calls WMS, as its user. */
  static String callWms(String target, Order order) throws Failure {
    PlaceOrderRequest request =
        PlaceOrderRequest.newBuilder()
            .setOrder(order.number())
            .setAddress(order.address())
            .setProduct(order.product())
            .build();
    return call(
        target,
        order,
        order.next(),
        WMS,
        channel -> OrderServiceGrpc.newBlockingStub(channel).placeOrder(request).getDeliveryTime());
  }

  static String placeOrder(Order order) {
    PromiseDeliveryRequest request =
        PromiseDeliveryRequest.newBuilder()
            .setAddress(order.address())
            .setProduct(order.product())
            .build();
    return ask(
        order,
        PROMISE,
        OrderError.ORDER_ERROR_CANNOT_BE_PROMISED,
        channel ->
            EtaServiceGrpc.newBlockingStub(channel).promiseDelivery(request).getDeliveryTime());
  }

  static String promiseDelivery(Order order) {
    FindRangeRequest request =
        FindRangeRequest.newBuilder()
            .setAddress(order.address())
            .setProduct(order.product())
            .build();
    return ask(
        order,
        ROUTE,
        EtaError.ETA_ERROR_NO_DELIVERY_TIME,
        channel -> RouteServiceGrpc.newBlockingStub(channel).findRange(request).getRange());
  }

  static String findRange(Order order) {
    if (order.address().startsWith("Harbour Road")) {
      return "Hamburg Mitte";
    }
    String address = order.address().replace('?', '\udcff');
    Cause.Builder own =
        Causes.raised(
            RouteError.ROUTE_ERROR_RANGE_NOT_CONFIGURED,
            Map.of("address", address, "product", order.product()),
            Map.of("answered_by", "java", "asked_for", address));
    if (order.odd()) {
      UnknownFieldSet.Field text =
          UnknownFieldSet.Field.newBuilder()
              .addLengthDelimited(ByteString.copyFromUtf8("from a newer version"))
              .build();
      own.setElided(7).setUnknownFields(UnknownFieldSet.newBuilder().addField(900, text).build());
    }
    throw inFront(order, own, List.of());
  }

  /** Calls the hops below; throws this hop's own error if one of them fails. */
  private static String ask(
      Order order, ServiceDescriptor service, ProtocolMessageEnum code, Call call) {
    List<String> nextAfterThat = order.next().subList(1, order.next().size());
    List<ByteString> below = new ArrayList<>();
    String text = "";
    for (String address : order.next().get(0).split("\\+")) {
      try {
        text = call(address, order, nextAfterThat, service, call);
      } catch (Failure failure) {
        below.add(failure.chain);
      }
    }
    if (below.isEmpty()) {
      return text;
    }
    throw inFront(order, raised(code, Map.of()), below);
  }

  private static String call(
      String address, Order order, List<String> nextAfterThat, ServiceDescriptor service, Call call)
      throws Failure {
    Channel channel =
        CHANNELS.computeIfAbsent(
            address,
            key -> Grpc.newChannelBuilder(key, InsecureChannelCredentials.create()).build());
    try {
      return call.to(
          ClientInterceptors.intercept(
              channel,
              MetadataUtils.newAttachHeadersInterceptor(order.headers(nextAfterThat))));
    } catch (StatusRuntimeException failed) {
      throw new Failure(failed, service);
    }
  }

  private static Cause.Builder raised(ProtocolMessageEnum code, Map<String, String> args) {
    return Causes.raised(code, args, Map.of("answered_by", "java"));
  }

  /** A hop's own cause in front of the chains from below, put there in one of two ways. */
  private static StatusRuntimeException inFront(
      Order order, Cause.Builder own, List<ByteString> below) {
    ByteString traceId = GrpcChains.traceId(order.traceparent());
    if (!order.join().equals("message")) {
      return GrpcChains.error(own, Chains.join(own, traceId, below));
    }
    ErrorChain.Builder whole = ErrorChain.newBuilder().setTraceId(traceId);
    whole.addCauses(own.setBranches(below.size()));
    for (ByteString received : below) {
      whole.addAllCauses(Chains.read(received).getCausesList());
    }
    return GrpcChains.error(own, whole.build().toByteString());
  }

  private Hop() {}
}
