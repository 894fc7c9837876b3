package dev.errchain.example;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.errchain.v1.Cause;
import dev.errchain.v1.ErrorChain;
import java.util.Comparator;
import java.util.List;

/** Joins and reads error chains. It is no library: copy it. */
public final class Chains {
  /**
   * Puts a cause in front of the encoded chains from below. It joins bytes, so that what a newer
   * version has written into them stays. It gives no bytes where nobody could read them, as of an
   * own cause without a system: better no chain than no answer.
   */
  public static ByteString join(Cause.Builder own, ByteString traceId, List<ByteString> below) {
    List<ByteString> chains = below.stream().filter(received -> read(received) != null).toList();
    own.setBranches(chains.size());
    ByteString joined = ErrorChain.newBuilder().addCauses(own).build().toByteString();
    ByteString traceBelow = ByteString.EMPTY;
    for (ByteString received : chains) {
      joined = joined.concat(received);
      traceBelow = read(received).getTraceId();
    }
    if (!traceId.equals(traceBelow)) {
      joined = joined.concat(ErrorChain.newBuilder().setTraceId(traceId).build().toByteString());
    }
    ErrorChain all = read(joined);
    if (all == null) {
      return ByteString.EMPTY;
    }
    boolean fits =
        joined.size() <= Bounds.MAX_BYTES && all.getCausesCount() <= Bounds.MAX_CAUSES;
    return fits ? joined : Bounds.bounded(joined);
  }

  /** Decodes a chain from anybody; null if the bytes are none. */
  public static ErrorChain read(ByteString received) {
    try {
      ErrorChain chain = ErrorChain.parseFrom(received);
      boolean valid =
          chain.getCausesCount() > 0
              && chain.getCausesList().stream()
                  .noneMatch(cause -> cause.getSystem().isEmpty() || cause.getCode().isEmpty());
      return valid ? chain : null;
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /**
   * The cause that all others followed from; in a fan-out, the one of those that failed first, and
   * where a time is missing, the first in the chain.
   */
  public static Cause root(ErrorChain chain) {
    Cause root = null;
    long missing = 0; // causes that were announced and have not come yet
    for (int n = 0; n < chain.getCausesCount(); n++) {
      Cause cause = chain.getCauses(n);
      missing = Math.max(missing - 1, 0) + Integer.toUnsignedLong(cause.getBranches());
      boolean isLeaf =
          (cause.getBranches() == 0 && missing > 0) || n == chain.getCausesCount() - 1;
      if (isLeaf && (root == null || failedBefore(cause, root))) {
        root = cause;
      }
    }
    return root;
  }

  private static boolean failedBefore(Cause a, Cause b) {
    Comparator<Timestamp> byTime =
        Comparator.comparingLong(Timestamp::getSeconds).thenComparingInt(Timestamp::getNanos);
    return a.hasOccurredAt()
        && b.hasOccurredAt()
        && byTime.compare(a.getOccurredAt(), b.getOccurredAt()) < 0;
  }

  /** What people quote: ROUTE_DISPATCH_20003. */
  public static String fullCode(Cause cause) {
    String module = cause.getModule().isEmpty() ? "" : "_" + cause.getModule();
    return cause.getSystem() + module + "_" + cause.getCode();
  }

  private Chains() {}
}
