package main

import (
	"log"
	"strings"

	"errchain.dev/examples/go/chain"
	errchainv1 "errchain.dev/examples/go/gen/errchain/v1"
	promisev1 "errchain.dev/examples/go/gen/promise/v1"
	routev1 "errchain.dev/examples/go/gen/route/v1"
	wmsv1 "errchain.dev/examples/go/gen/wms/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// order is what the headers and the request ask of a hop, whichever stack they came by.
type order struct {
	next        []string // the addresses of the hops below, nearest first; several to ask at once with "+" in between
	join        string   // "bytes" or "message"
	odd         bool     // the leaf sends what this version does not know
	protocol    string   // "grpc" or "connect"
	traceparent string
	number      string
	address     string
	product     string
}

func readOrder(header func(name string) string, address, product, number string) order {
	return order{
		next:        strings.Split(header("x-next"), ","),
		join:        header("x-join"),
		odd:         header("x-odd") == "1",
		protocol:    header("x-protocol"),
		traceparent: header("traceparent"),
		number:      number,
		address:     address,
		product:     product,
	}
}

// headers are those of the call to the next hop.
func (o order) headers() map[string]string {
	headers := map[string]string{"x-join": o.join, "x-protocol": o.protocol, "x-next": strings.Join(o.next[1:], ",")}
	if o.odd {
		headers["x-odd"] = "1"
	}
	if o.traceparent != "" {
		headers["traceparent"] = o.traceparent
	}
	return headers
}

var (
	wmsService     = wmsv1.File_wms_v1_order_proto.Services().ByName("OrderService")
	promiseService = promisev1.File_promise_v1_eta_proto.Services().ByName("EtaService")
	routeService   = routev1.File_route_v1_route_proto.Services().ByName("RouteService")
)

// answer is what a hop says: its own cause and the chain that begins with it, or a text.
type answer struct {
	own    *errchainv1.Cause
	joined []byte
	text   string
}

// failure is what a caller knows of a call that failed.
type failure struct {
	status int
	chain  []byte
}

func (h *hop) placeOrder(o order) answer {
	text, below := h.ask(o, promiseService)
	if len(below) == 0 {
		return answer{text: text}
	}
	return h.inFront(o, chain.Raise(wmsv1.OrderError_ORDER_ERROR_CANNOT_BE_PROMISED, nil, h.signature()), below)
}

func (h *hop) promiseDelivery(o order) answer {
	text, below := h.ask(o, routeService)
	if len(below) == 0 {
		return answer{text: text}
	}
	return h.inFront(o, chain.Raise(promisev1.EtaError_ETA_ERROR_NO_DELIVERY_TIME, nil, h.signature()), below)
}

func (h *hop) findRange(o order) answer {
	if strings.HasPrefix(o.address, "Harbour Road") {
		return answer{text: "Hamburg Mitte"}
	}
	address := strings.ReplaceAll(o.address, "?", "\xff")
	args := map[string]string{"address": address, "product": o.product}
	privateArgs := map[string]string{"answered_by": h.name, "asked_for": address}
	own := chain.Raise(routev1.RouteError_ROUTE_ERROR_RANGE_NOT_CONFIGURED, args, privateArgs)
	if o.odd {
		own.Elided = 7
		unknown := protowire.AppendTag(nil, 900, protowire.BytesType)
		own.ProtoReflect().SetUnknown(protoreflect.RawFields(protowire.AppendString(unknown, "from a newer version")))
	}
	return h.inFront(o, own, nil)
}

// signature tells the tests who wrote a cause.
func (h *hop) signature() map[string]string {
	return map[string]string{"answered_by": h.name}
}

// ask calls the hops below, and gives the last text and the chains of those that failed.
func (h *hop) ask(o order, service protoreflect.ServiceDescriptor) (text string, below [][]byte) {
	for _, address := range strings.Split(o.next[0], "+") {
		answered, failed := h.stack.call(address, o, service)
		if failed != nil {
			below = append(below, failed.chain)
		}
		text = answered
	}
	return text, below
}

// inFront puts a hop's own cause in front of the chains from below, in one of two ways.
func (h *hop) inFront(o order, own *errchainv1.Cause, below [][]byte) answer {
	traceID := chain.TraceID(o.traceparent)
	if o.join != "message" {
		return answer{own: own, joined: chain.Join(own, traceID, below...)}
	}
	own.Branches = uint32(len(below))
	whole := &errchainv1.ErrorChain{Causes: []*errchainv1.Cause{own}, TraceId: traceID}
	for _, received := range below {
		whole.Causes = append(whole.Causes, chain.Read(received).Causes...)
	}
	joined, err := proto.Marshal(whole)
	if err != nil {
		log.Fatal(err)
	}
	return answer{own: own, joined: joined}
}
