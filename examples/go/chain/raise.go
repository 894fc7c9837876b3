// Package chain raises, joins and reads error chains. It is no library: copy it.
package chain

import (
	"strconv"
	"strings"

	pb "errchain.dev/examples/go/gen/errchain/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Raise makes the cause that the code's declaration in its proto file describes.
func Raise(code protoreflect.Enum, args, privateArgs map[string]string) *pb.Cause {
	enum := code.Descriptor()
	value := enum.Values().ByNumber(code.Number())
	catalog := proto.GetExtension(enum.Options(), pb.E_Catalog).(*pb.Catalog)
	declared := proto.GetExtension(value.Options(), pb.E_Error).(*pb.ErrorCode)
	prefix := strings.TrimSuffix(string(enum.Values().ByNumber(0).Name()), "UNSPECIFIED")
	placeholders := []string{"{{", "{", "}}", "}"}
	for name, text := range args {
		placeholders = append(placeholders, "{"+name+"}", text)
	}
	return &pb.Cause{
		System:      catalog.GetSystem(),
		Module:      catalog.GetModule(),
		Code:        strconv.Itoa(int(code.Number())),
		Reason:      strings.TrimPrefix(string(value.Name()), prefix),
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
	cause.Provenance, cause.Status = pb.Provenance_PROVENANCE_OBSERVED, status
	return cause
}
