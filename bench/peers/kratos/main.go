// helloworld on Kratos, with its two routes and without middleware: the peer
// that Kit is measured against.
//
// The package helloworld is generated from examples/01_helloworld/proto by
// protoc-gen-go and protoc-gen-go-grpc; their versions stand in its files.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
	"unicode/utf8"

	"github.com/go-kratos/kratos/v3"
	"github.com/go-kratos/kratos/v3/errors"
	"github.com/go-kratos/kratos/v3/transport"
	"github.com/go-kratos/kratos/v3/transport/grpc"
	"github.com/go-kratos/kratos/v3/transport/http"

	"kratos-peer/helloworld"
)

const (
	longestName  = 64
	longestDelay = time.Minute
)

type greeter struct {
	helloworld.UnimplementedGreeterServer
}

func (greeter) SayHello(ctx context.Context, request *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	if utf8.RuneCountInString(request.GetName()) > longestName {
		return nil, errors.BadRequest("NAME_TOO_LONG", "name is too long")
	}
	if request.GetDelay() != "" {
		delay, err := time.ParseDuration(request.GetDelay())
		if err != nil || delay < 0 || delay > longestDelay {
			return nil, errors.BadRequest("INVALID_DELAY", "delay is not a time of at most 60s")
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &helloworld.HelloReply{Message: "Hello " + request.GetName()}, nil
}

// hello does what Kratos' generator writes for a GET with a variable in its
// path: query and path are bound, and the method runs inside the middleware.
func hello(service greeter) http.HandlerFunc {
	return func(ctx http.Context) error {
		var request helloworld.HelloRequest
		if err := ctx.BindQuery(&request); err != nil {
			return err
		}
		if err := ctx.BindVars(&request); err != nil {
			return err
		}
		http.SetOperation(ctx, helloworld.Greeter_SayHello_FullMethodName)
		handler := ctx.Middleware(func(ctx context.Context, request any) (any, error) {
			return service.SayHello(ctx, request.(*helloworld.HelloRequest))
		})
		reply, err := handler(ctx, &request)
		if err != nil {
			return err
		}
		return ctx.Result(200, reply)
	}
}

func main() {
	httpAddress := flag.String("http", "127.0.0.1:0", "address for HTTP")
	grpcAddress := flag.String("grpc", "127.0.0.1:0", "address for gRPC")
	flag.Parse()
	if err := run(*httpAddress, *grpcAddress); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(httpAddress, grpcAddress string) error {
	httpServer := http.NewServer(http.Address(httpAddress))
	httpServer.Route("/").GET("/helloworld/{name}", hello(greeter{}))
	grpcServer := grpc.NewServer(grpc.Address(grpcAddress))
	helloworld.RegisterGreeterServer(grpcServer, greeter{})

	// Asking for the endpoint binds the listener, so the real port is known.
	for name, server := range map[string]transport.Endpointer{"http": httpServer, "grpc": grpcServer} {
		endpoint, err := server.Endpoint()
		if err != nil {
			return err
		}
		fmt.Printf("%s=%s\n", name, endpoint.Host)
	}
	return kratos.New(kratos.Name("helloworld"), kratos.Server(httpServer, grpcServer)).Run()
}
