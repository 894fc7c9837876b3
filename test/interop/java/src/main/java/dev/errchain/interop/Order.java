package dev.errchain.interop;

import io.grpc.Metadata;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What the headers and the request ask of a hop.
 *
 * @param next the addresses of the hops below, nearest first; several to ask at once with "+" in
 *     between
 * @param join "bytes" or "message"
 * @param odd the leaf sends what this version does not know
 */
record Order(
    List<String> next,
    String join,
    boolean odd,
    String traceparent,
    String number,
    String address,
    String product) {

  /**
   * @param header from names to texts, empty where there is none
   */
  static Order read(UnaryOperator<String> header, String number, String address, String product) {
    return new Order(
        Arrays.asList(header.apply("x-next").split(",")),
        header.apply("x-join"),
        header.apply("x-odd").equals("1"),
        header.apply("traceparent"),
        number,
        address,
        product);
  }

  /** The headers of the call to the next hop. */
  Metadata headers(List<String> nextAfterThat) {
    Metadata headers = new Metadata();
    headers.put(key("x-next"), String.join(",", nextAfterThat));
    headers.put(key("x-join"), join);
    headers.put(key("x-odd"), odd ? "1" : "");
    if (!traceparent.isEmpty()) {
      headers.put(key("traceparent"), traceparent);
    }
    return headers;
  }

  static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
