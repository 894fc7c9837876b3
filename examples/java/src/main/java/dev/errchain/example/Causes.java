package dev.errchain.example;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.ProtocolMessageEnum;
import com.google.protobuf.Timestamp;
import dev.errchain.v1.BuiltinError;
import dev.errchain.v1.Catalog;
import dev.errchain.v1.CatalogProto;
import dev.errchain.v1.Cause;
import dev.errchain.v1.Component;
import dev.errchain.v1.ErrorCode;
import dev.errchain.v1.Provenance;
import dev.errchain.v1.Retry;
import dev.errchain.v1.Status;
import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes causes. It is no library: copy it. */
public final class Causes {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{|}}|\\{(\\w+)}");

  /** The cause that the code's declaration in its proto file describes. */
  public static Cause.Builder raised(
      ProtocolMessageEnum code, Map<String, String> args, Map<String, String> privateArgs) {
    EnumDescriptor codes = code.getDescriptorForType();
    Catalog catalog = codes.getOptions().getExtension(CatalogProto.catalog);
    ErrorCode declared = code.getValueDescriptor().getOptions().getExtension(CatalogProto.error);
    Retry.Builder retry = Retry.newBuilder().setAdviceValue(declared.getRetryValue());
    if (declared.hasRetryDelay()) {
      retry.setDelay(declared.getRetryDelay());
    }
    Instant now = Instant.now();
    return Cause.newBuilder()
        .setSystem(catalog.getSystem())
        .setModule(catalog.getModule())
        .setCode(String.valueOf(code.getNumber()))
        .setReason(reasonOf(code.getValueDescriptor()))
        .setMessage(render(declared.getMessage(), args))
        .putAllArgs(args)
        .putAllPrivateArgs(privateArgs)
        .setProvenance(Provenance.PROVENANCE_RAISED)
        .setVisibilityValue(Math.max(declared.getVisibilityValue(), 1))
        .setStatusValue(declared.getStatusValue())
        .setRetry(retry)
        .setHelp(declared.getHelp())
        .setOccurredAt(
            Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()));
  }

  /** What a caller says of a service that answered without a chain, or not at all. */
  public static Cause.Builder observed(ServiceDescriptor service, int status, String text) {
    BuiltinError code =
        switch (Status.forNumber(status)) {
          case STATUS_UNAVAILABLE -> BuiltinError.BUILTIN_ERROR_UNREACHABLE;
          case STATUS_DEADLINE_EXCEEDED -> BuiltinError.BUILTIN_ERROR_TIMED_OUT;
          case STATUS_UNIMPLEMENTED -> BuiltinError.BUILTIN_ERROR_UNIMPLEMENTED;
          default -> BuiltinError.BUILTIN_ERROR_UNCLASSIFIED;
        };
    Component component = Components.of(service);
    return raised(code, Map.of(), Map.of("error", text == null ? "" : text))
        .setSystem(component.getSystem())
        .setModule(component.getModule())
        .setProvenance(Provenance.PROVENANCE_OBSERVED)
        .setStatusValue(status);
  }

  /** The name of a code without the prefix of its enum, which is that of the value _UNSPECIFIED. */
  private static String reasonOf(EnumValueDescriptor code) {
    String name = code.getName();
    EnumValueDescriptor zero = code.getType().findValueByNumber(0);
    if (zero == null || !zero.getName().endsWith("UNSPECIFIED")) {
      return name;
    }
    String prefix = zero.getName().replaceFirst("UNSPECIFIED$", "");
    return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
  }

  private static String render(String template, Map<String, String> args) {
    return PLACEHOLDER
        .matcher(template)
        .replaceAll(
            found -> {
              String name = found.group(1);
              String text = name == null ? found.group().substring(1) : args.get(name);
              return Matcher.quoteReplacement(text == null ? found.group() : text);
            });
  }

  private Causes() {}
}
