package chain

import (
	"math"
	"strings"

	pb "errchain.dev/examples/go/gen/errchain/v1"
	"google.golang.org/protobuf/proto"
)

// More may not fit into the trailers of a gRPC call.
const maxBytes, maxCauses, maxMessageBytes, maxNameBytes = 4096, 32, 512, 63

// bounded is what stays of a chain that is too large: the nearest cause and the root cause. What the others say
// against a retry is noted on the nearest, since whoever retries must not miss it.
func bounded(joined []byte) []byte {
	all := &pb.ErrorChain{}
	if (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(joined, all) != nil {
		return nil
	}
	nearest, root := short(all.Causes[0]), Root(all)
	kept := &pb.ErrorChain{Causes: []*pb.Cause{nearest}}
	if len(all.TraceId) == 16 {
		kept.TraceId = all.TraceId
	}
	for _, cause := range all.Causes[1:] {
		if cause == root {
			nearest.Branches = 1
			kept.Causes = append(kept.Causes, short(root))
		} else {
			nearest.Elided = uint32(min(uint64(nearest.Elided)+1+uint64(cause.Elided), math.MaxUint32))
			noteRetry(nearest, cause.Retry)
		}
	}
	return encode(kept)
}

// noteRetry notes what another cause says against a retry: that it is forbidden, or was tried already.
func noteRetry(cause *pb.Cause, other *pb.Retry) {
	forbids := other.GetAdvice() == pb.RetryAdvice_RETRY_ADVICE_DO_NOT_RETRY
	if !forbids && other.GetAttempts() == 0 {
		return
	}
	if cause.Retry == nil {
		cause.Retry = &pb.Retry{}
	}
	if forbids {
		cause.Retry.Advice = other.Advice
	}
	cause.Retry.Attempts = max(cause.Retry.Attempts, other.Attempts)
}

// short is a cause with what everybody needs to know of it.
func short(cause *pb.Cause) *pb.Cause {
	kept := &pb.Cause{
		System: cut(cause.System, maxNameBytes), Module: cut(cause.Module, maxNameBytes), Code: cut(cause.Code, maxNameBytes),
		Message:    cut(cause.Message, maxMessageBytes),
		Provenance: cause.Provenance, Visibility: cause.Visibility, Status: cause.Status,
		Retry: cause.Retry, OccurredAt: cause.OccurredAt, Elided: cause.Elided,
	}
	if len(cause.Reason) <= maxNameBytes {
		kept.Reason = cause.Reason
	}
	return kept
}

// wellFormed is the same values as UTF-8: what is none would not be sent, and the whole chain with it.
func wellFormed(values map[string]string) map[string]string {
	texts := make(map[string]string, len(values))
	for name, value := range values {
		texts[strings.ToValidUTF8(name, "\uFFFD")] = strings.ToValidUTF8(value, "\uFFFD")
	}
	return texts
}

func cut(text string, maxBytes int) string {
	return strings.ToValidUTF8(text[:min(len(text), maxBytes)], "")
}
