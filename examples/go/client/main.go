// Asks ROUTE for a range, and says which system failed and why.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"errchain.dev/examples/go/chain"
	routev1 "errchain.dev/examples/go/gen/route/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func main() {
	address := "127.0.0.1:50051"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	request := &routev1.FindRangeRequest{Address: "Mill Lane 3, 21037", Product: "FRESH"}
	found, err := routev1.NewRouteServiceClient(connection).FindRange(ctx, request)
	if err == nil {
		fmt.Println("the range is", found.Range)
		return
	}
	fmt.Println(status.Code(err))
	routeService := routev1.File_route_v1_route_proto.Services().ByName("RouteService")
	received := chain.Read(chain.GRPCBelow(err, routeService))
	for _, cause := range received.Causes {
		fmt.Println(chain.FullCode(cause), cause.Message)
	}
	fmt.Println("root cause:", chain.FullCode(chain.Root(received)))
}
