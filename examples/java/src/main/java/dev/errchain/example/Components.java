package dev.errchain.example;

import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.errchain.v1.CatalogProto;
import dev.errchain.v1.Component;
import java.util.Locale;
import java.util.regex.Pattern;

/** Knows which system a service belongs to. It is no library: copy it. */
final class Components {
  private static final Pattern VERSION = Pattern.compile("v\\d+(p\\d+)?((alpha|beta|test)\\w*)?");

  /**
   * What the option of the service says, else the last part of its package that is no version, in
   * upper case. A service without a package goes by its own name.
   */
  static Component of(ServiceDescriptor service) {
    Component declared = service.getOptions().getExtension(CatalogProto.component);
    if (!declared.getSystem().isEmpty()) {
      return declared;
    }
    String name = service.getName();
    for (String part : service.getFile().getPackage().split("\\.")) {
      if (!part.isEmpty() && !VERSION.matcher(part).matches()) {
        name = part;
      }
    }
    String system = name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "");
    if (!system.matches("[A-Z].*")) {
      system = "X" + system;
    }
    return Component.newBuilder()
        .setSystem(system.substring(0, Math.min(system.length(), 32)))
        .build();
  }

  private Components() {}
}
