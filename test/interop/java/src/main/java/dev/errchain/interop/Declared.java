package dev.errchain.interop;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ProtocolMessageEnum;
import dev.errchain.example.Causes;
import dev.errchain.example.Chains;
import dev.errchain.v1.Cause;
import dev.errchain.v1.ErrorChain;
import dev.errchain.v1.Status;
import java.util.List;
import java.util.Map;

/** What proto files declare that the hop was not built with. */
final class Declared {
  /** A code as generated code has it. */
  private record Code(EnumValueDescriptor getValueDescriptor) implements ProtocolMessageEnum {
    @Override
    public int getNumber() {
      return getValueDescriptor.getNumber();
    }

    @Override
    public EnumDescriptor getDescriptorForType() {
      return getValueDescriptor.getType();
    }
  }

  /** A cause with a code of the first enum of a proto file. */
  static Cause.Builder raise(ByteString file, int number) {
    EnumDescriptor codes = read(file).getEnumTypes().get(0);
    return Causes.raised(new Code(codes.findValueByNumber(number)), Map.of(), Map.of());
  }

  /** The chain of a caller of the first service of a proto file, which is down. */
  static ErrorChain observe(ByteString file) {
    Cause.Builder own =
        Causes.observed(
            read(file).getServices().get(0), Status.STATUS_UNAVAILABLE_VALUE, "it is down");
    return Chains.read(Chains.join(own, ByteString.EMPTY, List.of()));
  }

  private static FileDescriptor read(ByteString file) {
    try {
      return FileDescriptor.buildFrom(
          FileDescriptorProto.parseFrom(file), new FileDescriptor[0]);
    } catch (InvalidProtocolBufferException | DescriptorValidationException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private Declared() {}
}
