package main

import (
	"context"
	"net"
	"net/http"

	"connectrpc.com/connect"
	"errchain.dev/examples/go/chain"
	promisev1 "errchain.dev/examples/go/gen/promise/v1"
	"errchain.dev/examples/go/gen/promise/v1/promisev1connect"
	routev1 "errchain.dev/examples/go/gen/route/v1"
	"errchain.dev/examples/go/gen/route/v1/routev1connect"
	wmsv1 "errchain.dev/examples/go/gen/wms/v1"
	"errchain.dev/examples/go/gen/wms/v1/wmsv1connect"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// connectStack is connect-go on both sides of the hop. Its server speaks gRPC too, and its client either.
type connectStack struct {
	hop    *hop
	client *http.Client
}

func newConnectStack(h *hop) *connectStack {
	return &connectStack{hop: h, client: &http.Client{Transport: &http.Transport{Protocols: cleartext()}}}
}

func (s *connectStack) serve(listener net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle(wmsv1connect.NewOrderServiceHandler(s))
	mux.Handle(promisev1connect.NewEtaServiceHandler(s))
	mux.Handle(routev1connect.NewRouteServiceHandler(s))
	protocols := cleartext()
	protocols.SetHTTP1(true)
	return (&http.Server{Handler: mux, Protocols: protocols}).Serve(listener)
}

// cleartext is HTTP/2 without TLS, which gRPC needs.
func cleartext() *http.Protocols {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	return protocols
}

func (s *connectStack) PlaceOrder(_ context.Context, req *connect.Request[wmsv1.PlaceOrderRequest]) (*connect.Response[wmsv1.PlaceOrderResponse], error) {
	a := s.hop.placeOrder(readOrder(req.Header().Get, req.Msg.Address, req.Msg.Product, req.Msg.Order))
	return connect.NewResponse(&wmsv1.PlaceOrderResponse{DeliveryTime: a.text}), connectError(a)
}

func (s *connectStack) PromiseDelivery(_ context.Context, req *connect.Request[promisev1.PromiseDeliveryRequest]) (*connect.Response[promisev1.PromiseDeliveryResponse], error) {
	a := s.hop.promiseDelivery(readOrder(req.Header().Get, req.Msg.Address, req.Msg.Product, ""))
	return connect.NewResponse(&promisev1.PromiseDeliveryResponse{DeliveryTime: a.text}), connectError(a)
}

func (s *connectStack) FindRange(_ context.Context, req *connect.Request[routev1.FindRangeRequest]) (*connect.Response[routev1.FindRangeResponse], error) {
	a := s.hop.findRange(readOrder(req.Header().Get, req.Msg.Address, req.Msg.Product, ""))
	return connect.NewResponse(&routev1.FindRangeResponse{Range: a.text}), connectError(a)
}

func (s *connectStack) call(address string, o order, service protoreflect.ServiceDescriptor) (text string, failed *failure) {
	options := []connect.ClientOption{}
	if o.protocol != "connect" {
		options = append(options, connect.WithGRPC())
	}
	url := "http://" + address
	ctx := context.Background()
	var err error
	switch service {
	case wmsService:
		client := wmsv1connect.NewOrderServiceClient(s.client, url, options...)
		request := &wmsv1.PlaceOrderRequest{Order: o.number, Address: o.address, Product: o.product}
		response, callErr := client.PlaceOrder(ctx, withHeaders(request, o))
		if err = callErr; err == nil {
			text = response.Msg.DeliveryTime
		}
	case promiseService:
		client := promisev1connect.NewEtaServiceClient(s.client, url, options...)
		request := &promisev1.PromiseDeliveryRequest{Address: o.address, Product: o.product}
		response, callErr := client.PromiseDelivery(ctx, withHeaders(request, o))
		if err = callErr; err == nil {
			text = response.Msg.DeliveryTime
		}
	default:
		client := routev1connect.NewRouteServiceClient(s.client, url, options...)
		request := &routev1.FindRangeRequest{Address: o.address, Product: o.product}
		response, callErr := client.FindRange(ctx, withHeaders(request, o))
		if err = callErr; err == nil {
			text = response.Msg.Range
		}
	}
	if err != nil {
		return "", &failure{status: int(connect.CodeOf(err)), chain: chain.ConnectBelow(err, service)}
	}
	return text, nil
}

func withHeaders[T any](message *T, o order) *connect.Request[T] {
	request := connect.NewRequest(message)
	for name, value := range o.headers() {
		request.Header().Set(name, value)
	}
	return request
}

func connectError(a answer) error {
	if a.own == nil {
		return nil
	}
	return chain.ConnectError(a.own, a.joined)
}
