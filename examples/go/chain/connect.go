package chain

import (
	"errors"

	"connectrpc.com/connect"
	pb "errchain.dev/examples/go/gen/errchain/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// ConnectError is the error that a connect-go handler returns: its own cause and the chain that begins with it, see Join.
func ConnectError(own *pb.Cause, joined []byte) error {
	err := connect.NewError(connect.Code(own.Status), errors.New(cut(own.Message, maxMessageBytes)))
	if detail, problem := connect.NewErrorDetail(&anypb.Any{TypeUrl: typeURL, Value: joined}); problem == nil {
		err.AddDetail(detail)
	}
	return err
}

// ConnectBelow is the encoded chain of the error of a call with connect-go, by which its
// callee or, where that said nothing, we ourselves name what failed.
func ConnectBelow(err error, callee protoreflect.ServiceDescriptor) []byte {
	var answer *connect.Error
	if !errors.As(err, &answer) {
		return Join(Observed(callee, pb.Status_STATUS_UNKNOWN, err.Error()), nil)
	}
	for _, detail := range answer.Details() {
		if detail.Type() == "errchain.v1.ErrorChain" && Read(detail.Bytes()) != nil {
			return detail.Bytes()
		}
	}
	return Join(Observed(callee, pb.Status(answer.Code()), answer.Message()), nil)
}
