package dev.errchain.example;

import com.google.protobuf.ByteString;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.errchain.v1.Cause;
import dev.errchain.v1.ErrorChain;
import dev.errchain.v1.RetryAdvice;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;

/** Keeps chains within their budget. It is no library: copy it. */
final class Bounds {
  // More may not fit into the trailers of a gRPC call.
  static final int MAX_BYTES = 4096;
  static final int MAX_CAUSES = 32;
  static final int MAX_MESSAGE_BYTES = 512;
  private static final int MAX_NAME_BYTES = 63;

  private static final Parser<ErrorChain> WITHOUT_UNKNOWN_FIELDS =
      DiscardUnknownFieldsParser.wrap(ErrorChain.parser());

  /**
   * What stays of a chain that is too large: the nearest cause and the root cause. What the others
   * say against a retry is noted on the nearest, since whoever retries must not miss it.
   */
  static ByteString bounded(ByteString joined) {
    ErrorChain all;
    try {
      all = WITHOUT_UNKNOWN_FIELDS.parseFrom(joined);
    } catch (InvalidProtocolBufferException e) {
      return ByteString.EMPTY;
    }
    Cause.Builder nearest = shortened(all.getCauses(0));
    Cause root = Chains.root(all);
    ErrorChain.Builder kept = ErrorChain.newBuilder();
    if (all.getTraceId().size() == 16) {
      kept.setTraceId(all.getTraceId());
    }
    for (Cause cause : all.getCausesList().subList(1, all.getCausesCount())) {
      if (cause == root) {
        nearest.setBranches(1);
        kept.addCauses(shortened(root));
      } else {
        long elided =
            1
                + Integer.toUnsignedLong(nearest.getElided())
                + Integer.toUnsignedLong(cause.getElided());
        nearest.setElided((int) Math.min(elided, 0xffffffffL));
        noteRetry(nearest, cause);
      }
    }
    return kept.addCauses(0, nearest).build().toByteString();
  }

  /** Notes what another cause says against a retry: that it is forbidden, or was tried already. */
  private static void noteRetry(Cause.Builder cause, Cause other) {
    if (other.getRetry().getAdvice() == RetryAdvice.RETRY_ADVICE_DO_NOT_RETRY) {
      cause.getRetryBuilder().setAdvice(RetryAdvice.RETRY_ADVICE_DO_NOT_RETRY);
    }
    int attempts = other.getRetry().getAttempts();
    if (Integer.compareUnsigned(attempts, cause.getRetry().getAttempts()) > 0) {
      cause.getRetryBuilder().setAttempts(attempts);
    }
  }

  /** A cause with what everybody needs to know of it. */
  private static Cause.Builder shortened(Cause cause) {
    Cause.Builder kept =
        Cause.newBuilder()
            .setSystem(cut(cause.getSystem(), MAX_NAME_BYTES))
            .setModule(cut(cause.getModule(), MAX_NAME_BYTES))
            .setCode(cut(cause.getCode(), MAX_NAME_BYTES))
            .setMessage(cut(cause.getMessage(), MAX_MESSAGE_BYTES))
            .setProvenanceValue(cause.getProvenanceValue())
            .setVisibilityValue(cause.getVisibilityValue())
            .setStatusValue(cause.getStatusValue())
            .setElided(cause.getElided());
    if (cause.getReasonBytes().size() <= MAX_NAME_BYTES) {
      kept.setReason(cause.getReason());
    }
    if (cause.hasRetry()) {
      kept.setRetry(cause.getRetry());
    }
    if (cause.hasOccurredAt()) {
      kept.setOccurredAt(cause.getOccurredAt());
    }
    return kept;
  }

  static String cut(String text, int maxBytes) {
    CharBuffer chars = CharBuffer.wrap(text);
    StandardCharsets.UTF_8.newEncoder().encode(chars, ByteBuffer.allocate(maxBytes), true);
    return text.substring(0, chars.position());
  }

  private Bounds() {}
}
