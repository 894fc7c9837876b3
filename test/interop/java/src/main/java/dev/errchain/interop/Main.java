package dev.errchain.interop;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.Status;
import dev.errchain.example.Chains;
import dev.errchain.v1.Cause;
import dev.errchain.v1.ErrorChain;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A hop of the interop tests, on grpc-java. What it is asked by standard input is described in
 * ../README.md.
 */
public final class Main {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.println("127.0.0.1:" + Systems.start().getPort());
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      out.println(run(Arrays.asList(line.split(" ", -1))));
    }
    System.exit(0);
  }

  private static String run(List<String> command) throws InvalidProtocolBufferException {
    List<String> rest = command.subList(1, command.size());
    return switch (command.get(0)) {
      case "call" -> call(rest.get(0), Integer.parseInt(rest.get(1)), rest.subList(2, rest.size()));
      case "read" -> describe(null, Chains.read(unhex(rest.get(0)))) + "}";
      case "details" -> details(rest.get(0));
      case "join" -> {
        List<ByteString> below = rest.subList(2, rest.size()).stream().map(Main::unhex).toList();
        Cause.Builder own = Cause.parseFrom(unhex(rest.get(0))).toBuilder();
        ByteString joined = Chains.join(own, unhex(rest.get(1)), below);
        yield "{\"encoded\":\"" + HexFormat.of().formatHex(joined.toByteArray()) + "\"}";
      }
      case "raise" -> {
        Cause.Builder own = Declared.raise(unhex(rest.get(0)), Integer.parseInt(rest.get(1)));
        yield "{\"root\":" + json(own) + "}";
      }
      case "observe" -> describe(null, Declared.observe(unhex(rest.get(0)))) + "}";
      default -> throw new IllegalArgumentException("unknown command " + command);
    };
  }

  /** Places an order a number of times, and counts the errors that brought the same chain as the first. */
  private static String call(String target, int times, List<String> headers)
      throws InvalidProtocolBufferException {
    Map<String, String> given = new HashMap<>();
    for (String header : headers) {
      String[] parts = header.split("=", 2);
      given.put(parts[0], parts[1]);
    }
    Order order = Order.read(name -> given.getOrDefault(name, ""), "4711", "弥勒巷3号", "生鲜");
    Hop.Failure first = null;
    int whole = 0;
    for (int n = 0; n < times; n++) {
      try {
        return "{\"status\":0,\"text\":\"" + Hop.callWms(target, order) + "\"}";
      } catch (Hop.Failure failure) {
        first = first == null ? failure : first;
        whole += failure.status == first.status && codes(failure).equals(codes(first)) ? 1 : 0;
      }
    }
    return describe(first.status, Chains.read(first.chain)) + ",\"whole\":" + whole + "}";
  }

  private static String codes(Hop.Failure failure) {
    return codes(Chains.read(failure.chain));
  }

  private static String codes(ErrorChain chain) {
    return chain.getCausesList().stream()
        .map(cause -> "\"" + Chains.fullCode(cause) + "\"")
        .collect(Collectors.joining(","));
  }

  private static String details(String text) throws InvalidProtocolBufferException {
    Status status;
    try {
      status = Status.parseFrom(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException | InvalidProtocolBufferException e) {
      return "{\"status\":0}";
    }
    for (var detail : status.getDetailsList()) {
      if (detail.getTypeUrl().endsWith("/errchain.v1.ErrorChain")) {
        return describe(status.getCode(), Chains.read(detail.getValue())) + "}";
      }
    }
    return "{\"status\":" + status.getCode() + "}";
  }

  /** A JSON object without the brace at its end. */
  private static String describe(Integer status, ErrorChain chain)
      throws InvalidProtocolBufferException {
    if (chain == null) {
      return "{\"status\":" + (status == null ? 0 : status);
    }
    int said = status == null ? chain.getCauses(0).getStatusValue() : status;
    return String.format(
        "{\"status\":%d,\"codes\":[%s],\"root\":%s,\"chain\":%s",
        said, codes(chain), json(Chains.root(chain)), json(chain));
  }

  private static String json(MessageOrBuilder message) throws InvalidProtocolBufferException {
    return JsonFormat.printer().omittingInsignificantWhitespace().print(message);
  }

  private static ByteString unhex(String text) {
    return ByteString.copyFrom(HexFormat.of().parseHex(text));
  }

  private Main() {}
}
