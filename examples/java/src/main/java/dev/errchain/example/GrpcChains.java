package dev.errchain.example;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.errchain.v1.Cause;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sends and receives error chains with grpc-java. It is no library: copy it. */
public final class GrpcChains {
  private static final String TYPE_URL = "type.googleapis.com/errchain.v1.ErrorChain";
  private static final Pattern TRACE_ID =
      Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-.*");

  /** The header by which calls continue the trace of a request. */
  public static final Metadata.Key<String> TRACEPARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  /** The traceparent of the request that is handled; null if it has none. */
  public static final Context.Key<String> CURRENT_TRACEPARENT = Context.key("traceparent");

  /** The error that a handler answers: its own cause and the chain that begins with it. */
  public static StatusRuntimeException error(Cause.Builder own, ByteString joined) {
    // As UTF-8 has it: there a half of a surrogate pair is a question mark. It is cut since it
    // travels twice, and percent-encoded.
    String message = own.getMessageBytes().toStringUtf8();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(own.getStatusValue())
            .setMessage(Bounds.cut(message, Bounds.MAX_MESSAGE_BYTES))
            .addDetails(Any.newBuilder().setTypeUrl(TYPE_URL).setValue(joined))
            .build());
  }

  /**
   * The encoded chain of the error of a call, by which its callee or, where that said nothing, we
   * ourselves name what failed.
   */
  public static ByteString below(StatusRuntimeException failed, ServiceDescriptor callee) {
    try {
      for (Any detail : StatusProto.fromThrowable(failed).getDetailsList()) {
        if (detail.getTypeUrl().equals(TYPE_URL) && Chains.read(detail.getValue()) != null) {
          return detail.getValue();
        }
      }
    } catch (IllegalArgumentException e) {
      // The details do not decode.
    }
    Status status = failed.getStatus();
    String text = status.getDescription();
    Cause.Builder observed = Causes.observed(callee, status.getCode().value(), text);
    return Chains.join(observed, ByteString.EMPTY, List.of());
  }

  /** The trace ID in a traceparent; empty if none. IDs of zeros are none, and ff is no version. */
  public static ByteString traceId(String traceparent) {
    Matcher found = TRACE_ID.matcher(traceparent == null ? "" : traceparent);
    return found.matches()
        ? ByteString.copyFrom(HexFormat.of().parseHex(found.group(1)))
        : ByteString.EMPTY;
  }

  /** Sets CURRENT_TRACEPARENT. */
  public static final ServerInterceptor TRACING =
      new ServerInterceptor() {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
          Context context =
              Context.current().withValue(CURRENT_TRACEPARENT, headers.get(TRACEPARENT));
          return Contexts.interceptCall(context, call, headers, next);
        }
      };

  private GrpcChains() {}
}
