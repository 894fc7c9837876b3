// ROUTE: a gRPC server that raises ROUTE_DISPATCH_20003.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"

	"errchain.dev/examples/go/chain"
	routev1 "errchain.dev/examples/go/gen/route/v1"
	"google.golang.org/grpc"
)

type route struct {
	routev1.UnimplementedRouteServiceServer
}

func (route) FindRange(ctx context.Context, request *routev1.FindRangeRequest) (*routev1.FindRangeResponse, error) {
	own := chain.Raise(
		routev1.RouteError_ROUTE_ERROR_RANGE_NOT_CONFIGURED,
		map[string]string{"address": request.Address, "product": request.Product},
		map[string]string{"warehouse_id": "HH-3"},
	)
	traceID := chain.TraceID(chain.GRPCTraceparent(ctx))
	return nil, chain.GRPCError(own, chain.Join(own, traceID))
}

func main() {
	address := "127.0.0.1:50051"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	routev1.RegisterRouteServiceServer(server, route{})
	fmt.Println("ROUTE listens on", listener.Addr())
	log.Fatal(server.Serve(listener))
}
