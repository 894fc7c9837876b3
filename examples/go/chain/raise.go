// Package chain raises, joins and reads error chains. It is no library: copy it.
package chain

import (
	"regexp"
	"strconv"
	"strings"

	pb "errchain.dev/examples/go/gen/errchain/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Raise makes the cause that the code's declaration in its proto file describes.
func Raise(code protoreflect.Enum, args, privateArgs map[string]string) *pb.Cause {
	args, privateArgs = wellFormed(args), wellFormed(privateArgs)
	enum := code.Descriptor()
	value := enum.Values().ByNumber(code.Number())
	catalog := proto.GetExtension(enum.Options(), pb.E_Catalog).(*pb.Catalog)
	declared := proto.GetExtension(value.Options(), pb.E_Error).(*pb.ErrorCode)
	placeholders := []string{"{{", "{", "}}", "}"}
	for name, text := range args {
		placeholders = append(placeholders, "{"+name+"}", text)
	}
	return &pb.Cause{
		System:      catalog.GetSystem(),
		Module:      catalog.GetModule(),
		Code:        strconv.Itoa(int(code.Number())),
		Reason:      reasonOf(value),
		Message:     strings.NewReplacer(placeholders...).Replace(declared.GetMessage()),
		Args:        args,
		PrivateArgs: privateArgs,
		Provenance:  pb.Provenance_PROVENANCE_RAISED,
		Visibility:  pb.Visibility(max(declared.GetVisibility(), 1)),
		Status:      pb.Status(declared.GetStatus()),
		Retry:       &pb.Retry{Advice: pb.RetryAdvice(declared.GetRetry()), Delay: declared.GetRetryDelay()},
		Help:        declared.GetHelp(),
		OccurredAt:  timestamppb.Now(),
	}
}

// reasonOf is the name of a code without the prefix of its enum, which is that of the value _UNSPECIFIED.
func reasonOf(code protoreflect.EnumValueDescriptor) string {
	name := string(code.Name())
	if zero := code.Parent().(protoreflect.EnumDescriptor).Values().ByNumber(0); zero != nil {
		if prefix, found := strings.CutSuffix(string(zero.Name()), "UNSPECIFIED"); found {
			return strings.TrimPrefix(name, prefix)
		}
	}
	return name
}

// Observed is what a caller says of a service that answered without a chain, or not at all.
func Observed(service protoreflect.ServiceDescriptor, status pb.Status, text string) *pb.Cause {
	code := pb.BuiltinError_BUILTIN_ERROR_UNCLASSIFIED
	switch status {
	case pb.Status_STATUS_UNAVAILABLE:
		code = pb.BuiltinError_BUILTIN_ERROR_UNREACHABLE
	case pb.Status_STATUS_DEADLINE_EXCEEDED:
		code = pb.BuiltinError_BUILTIN_ERROR_TIMED_OUT
	case pb.Status_STATUS_UNIMPLEMENTED:
		code = pb.BuiltinError_BUILTIN_ERROR_UNIMPLEMENTED
	}
	component := proto.GetExtension(service.Options(), pb.E_Component).(*pb.Component)
	cause := Raise(code, nil, map[string]string{"error": text})
	cause.System, cause.Module = component.GetSystem(), component.GetModule()
	if cause.System == "" {
		cause.System = systemOfPackage(service)
	}
	cause.Provenance, cause.Status = pb.Provenance_PROVENANCE_OBSERVED, status
	return cause
}

var (
	version    = regexp.MustCompile(`^v\d+(p\d+)?((alpha|beta|test)\w*)?$`)
	noneOfName = regexp.MustCompile(`[^A-Z0-9]`)
)

// systemOfPackage is the system of a service without the option component: the last part of
// its package that is no version, in upper case. A service without a package goes by its own name.
func systemOfPackage(service protoreflect.ServiceDescriptor) string {
	name := string(service.Name())
	for _, part := range strings.Split(string(service.ParentFile().Package()), ".") {
		if part != "" && !version.MatchString(part) {
			name = part
		}
	}
	name = noneOfName.ReplaceAllString(strings.ToUpper(name), "")
	if name == "" || name[0] <= '9' {
		name = "X" + name
	}
	return name[:min(len(name), 32)]
}
