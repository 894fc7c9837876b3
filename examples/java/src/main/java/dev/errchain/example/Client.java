package dev.errchain.example;

import dev.errchain.v1.Cause;
import dev.errchain.v1.ErrorChain;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;
import route.v1.Route;
import route.v1.Route.FindRangeRequest;
import route.v1.RouteServiceGrpc;

/** Asks ROUTE for a range, and says which system failed and why. */
public final class Client {
  public static void main(String[] args) {
    String address = args.length > 0 ? args[0] : "127.0.0.1:50051";
    ManagedChannel channel =
        Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    FindRangeRequest request =
        FindRangeRequest.newBuilder().setAddress("Mill Lane 3, 21037").setProduct("FRESH").build();
    try {
      RouteServiceGrpc.RouteServiceBlockingStub route =
          RouteServiceGrpc.newBlockingStub(channel).withDeadlineAfter(5, TimeUnit.SECONDS);
      System.out.println("the range is " + route.findRange(request).getRange());
    } catch (StatusRuntimeException e) {
      System.out.println(e.getStatus().getCode());
      ErrorChain received =
          Chains.read(
              GrpcChains.below(e, Route.getDescriptor().findServiceByName("RouteService")));
      for (Cause cause : received.getCausesList()) {
        System.out.println(Chains.fullCode(cause) + " " + cause.getMessage());
      }
      System.out.println("root cause: " + Chains.fullCode(Chains.root(received)));
    } finally {
      channel.shutdownNow();
    }
  }

  private Client() {}
}
