package chain

import (
	"context"
	"strings"

	pb "errchain.dev/examples/go/gen/errchain/v1"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

const typeURL = "type.googleapis.com/errchain.v1.ErrorChain"

// GRPCError is the error that a grpc-go handler returns: its own cause and the chain that begins with it, see Join.
func GRPCError(own *pb.Cause, joined []byte) error {
	return status.FromProto(&spb.Status{
		Code:    int32(own.Status),
		Message: cut(own.Message, maxMessageBytes), // it travels twice, and percent-encoded
		Details: []*anypb.Any{{TypeUrl: typeURL, Value: joined}},
	}).Err()
}

// GRPCBelow is the encoded chain of the error of a call with grpc-go, by which its
// callee or, where that said nothing, we ourselves name what failed.
func GRPCBelow(err error, callee protoreflect.ServiceDescriptor) []byte {
	answer := status.Convert(err).Proto()
	for _, detail := range answer.GetDetails() {
		if detail.GetTypeUrl() == typeURL && Read(detail.GetValue()) != nil {
			return detail.GetValue()
		}
	}
	return Join(Observed(callee, pb.Status(answer.GetCode()), answer.GetMessage()), nil)
}

// GRPCForward makes calls with grpc-go continue the trace of the request that is handled.
func GRPCForward(ctx context.Context) context.Context {
	if header := GRPCTraceparent(ctx); header != "" {
		return metadata.AppendToOutgoingContext(ctx, "traceparent", header)
	}
	return ctx
}

// GRPCTraceparent is the header of the request that is handled, for TraceID; empty if it has none.
func GRPCTraceparent(ctx context.Context) string {
	incoming, _ := metadata.FromIncomingContext(ctx)
	return strings.Join(incoming.Get("traceparent"), "")
}
