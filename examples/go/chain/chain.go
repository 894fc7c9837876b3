package chain

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"

	pb "errchain.dev/examples/go/gen/errchain/v1"
	"google.golang.org/protobuf/proto"
)

// Join puts a cause in front of the chains from below. It joins bytes: what a newer version has written into them stays.
// It gives nil where nobody could read that, as of an own cause without a system: better no chain than no answer.
func Join(own *pb.Cause, traceID []byte, below ...[]byte) []byte {
	own.Branches = 0
	var rest, traceBelow []byte
	for _, received := range below {
		if chain := Read(received); chain != nil {
			own.Branches++
			rest, traceBelow = append(rest, received...), chain.TraceId
		}
	}
	joined := append(encode(&pb.ErrorChain{Causes: []*pb.Cause{own}}), rest...)
	if !bytes.Equal(traceID, traceBelow) {
		joined = append(joined, encode(&pb.ErrorChain{TraceId: traceID})...)
	}
	all := Read(joined)
	if all == nil {
		return nil
	}
	if len(joined) <= maxBytes && len(all.Causes) <= maxCauses {
		return joined
	}
	return bounded(joined)
}

// Read decodes a chain from anybody; nil if the bytes are none.
func Read(received []byte) *pb.ErrorChain {
	chain := &pb.ErrorChain{}
	if proto.Unmarshal(received, chain) != nil || len(chain.Causes) == 0 {
		return nil
	}
	for _, cause := range chain.Causes {
		if cause.System == "" || cause.Code == "" {
			return nil
		}
	}
	return chain
}

// Root is the cause that all others followed from; in a fan-out, the one of those that failed first, and where a
// time is missing, the first in the chain.
func Root(chain *pb.ErrorChain) *pb.Cause {
	var root *pb.Cause
	missing := 0 // causes that were announced and have not come yet
	for n, cause := range chain.Causes {
		missing = max(missing-1, 0) + int(cause.Branches)
		isLeaf := cause.Branches == 0 && missing > 0 || n == len(chain.Causes)-1
		if isLeaf && (root == nil || failedBefore(cause, root)) {
			root = cause
		}
	}
	return root
}

func failedBefore(a, b *pb.Cause) bool {
	return a.OccurredAt != nil && b.OccurredAt != nil && a.OccurredAt.AsTime().Before(b.OccurredAt.AsTime())
}

// FullCode is what people quote: ROUTE_DISPATCH_20003.
func FullCode(cause *pb.Cause) string {
	if cause.Module == "" {
		return cause.System + "_" + cause.Code
	}
	return cause.System + "_" + cause.Module + "_" + cause.Code
}

func encode(message proto.Message) []byte {
	encoded, _ := proto.Marshal(message) // nil for a text that is not UTF-8: better no chain than no answer
	return encoded
}

var traceparentForm = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-`)

// TraceID is the trace ID in a W3C traceparent header; nil if there is none. IDs of zeros are none, and ff is no version.
func TraceID(traceparent string) []byte {
	found := traceparentForm.FindStringSubmatch(traceparent)
	if found == nil || strings.HasPrefix(traceparent, "ff") || strings.Trim(found[1], "0") == "" || strings.Trim(found[2], "0") == "" {
		return nil
	}
	id, _ := hex.DecodeString(found[1])
	return id
}
