package main

import (
	"context"
	"log"
	"net"

	"errchain.dev/examples/go/chain"
	promisev1 "errchain.dev/examples/go/gen/promise/v1"
	routev1 "errchain.dev/examples/go/gen/route/v1"
	wmsv1 "errchain.dev/examples/go/gen/wms/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// grpcStack is grpc-go on both sides of the hop.
type grpcStack struct {
	connections pool[*grpc.ClientConn]
	wmsv1.UnimplementedOrderServiceServer
	promisev1.UnimplementedEtaServiceServer
	routev1.UnimplementedRouteServiceServer
	hop *hop
}

func (s *grpcStack) serve(listener net.Listener) error {
	server := grpc.NewServer()
	wmsv1.RegisterOrderServiceServer(server, s)
	promisev1.RegisterEtaServiceServer(server, s)
	routev1.RegisterRouteServiceServer(server, s)
	return server.Serve(listener)
}

func (s *grpcStack) PlaceOrder(ctx context.Context, req *wmsv1.PlaceOrderRequest) (*wmsv1.PlaceOrderResponse, error) {
	a := s.hop.placeOrder(readOrder(header(ctx), req.Address, req.Product, req.Order))
	return &wmsv1.PlaceOrderResponse{DeliveryTime: a.text}, grpcError(a)
}

func (s *grpcStack) PromiseDelivery(ctx context.Context, req *promisev1.PromiseDeliveryRequest) (*promisev1.PromiseDeliveryResponse, error) {
	a := s.hop.promiseDelivery(readOrder(header(ctx), req.Address, req.Product, ""))
	return &promisev1.PromiseDeliveryResponse{DeliveryTime: a.text}, grpcError(a)
}

func (s *grpcStack) FindRange(ctx context.Context, req *routev1.FindRangeRequest) (*routev1.FindRangeResponse, error) {
	a := s.hop.findRange(readOrder(header(ctx), req.Address, req.Product, ""))
	return &routev1.FindRangeResponse{Range: a.text}, grpcError(a)
}

func (s *grpcStack) call(address string, o order, service protoreflect.ServiceDescriptor) (text string, failed *failure) {
	connection, err := s.connections.get(address, func() (*grpc.ClientConn, error) {
		return grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := metadata.NewOutgoingContext(context.Background(), metadata.New(o.headers()))
	switch service {
	case wmsService:
		request := &wmsv1.PlaceOrderRequest{Order: o.number, Address: o.address, Product: o.product}
		response, callErr := wmsv1.NewOrderServiceClient(connection).PlaceOrder(ctx, request)
		text, err = response.GetDeliveryTime(), callErr
	case promiseService:
		request := &promisev1.PromiseDeliveryRequest{Address: o.address, Product: o.product}
		response, callErr := promisev1.NewEtaServiceClient(connection).PromiseDelivery(ctx, request)
		text, err = response.GetDeliveryTime(), callErr
	default:
		request := &routev1.FindRangeRequest{Address: o.address, Product: o.product}
		response, callErr := routev1.NewRouteServiceClient(connection).FindRange(ctx, request)
		text, err = response.GetRange(), callErr
	}
	if err != nil {
		return "", &failure{status: int(status.Code(err)), chain: chain.GRPCBelow(err, service)}
	}
	return text, nil
}

func grpcError(a answer) error {
	if a.own == nil {
		return nil
	}
	return chain.GRPCError(a.own, a.joined)
}

func header(ctx context.Context) func(string) string {
	incoming, _ := metadata.FromIncomingContext(ctx)
	return func(name string) string {
		if values := incoming.Get(name); len(values) > 0 {
			return values[0]
		}
		return ""
	}
}
