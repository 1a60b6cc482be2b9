package main

import (
	"context"
	"fmt"
	nethttp "net/http"
	"strings"

	"github.com/go-kratos/kratos/v2/errors"
	carry "github.com/go-kratos/kratos/v2/middleware/metadata"
	"github.com/go-kratos/kratos/v2/transport/grpc"
	"github.com/go-kratos/kratos/v2/transport/http"
)

// ask makes one call with a client of Kratos.
func ask(ctx context.Context, to, method, accept string, request *errors.Status) (*errors.Status, error) {
	scheme, address, _ := strings.Cut(to, "://")
	switch scheme {
	case "http":
		return askHTTP(ctx, address, method, accept, request)
	case "grpc":
		return askGRPC(ctx, address, method, request)
	}
	return nil, fmt.Errorf("%q is neither http://ADDRESS nor grpc://ADDRESS", to)
}

func askHTTP(ctx context.Context, address, method, accept string, request *errors.Status) (*errors.Status, error) {
	client, err := http.NewClient(ctx, http.WithEndpoint(address), http.WithTimeout(limit),
		http.WithMiddleware(tracingClient(), carry.Client()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	header := nethttp.Header{}
	if accept != "" {
		header.Set("Accept", accept)
	}
	reply := new(errors.Status)
	err = client.Invoke(ctx, nethttp.MethodPost, "/"+method, request, reply,
		http.Operation("/"+service+"/"+method), http.Header(&header))
	return reply, err
}

func askGRPC(ctx context.Context, address, method string, request *errors.Status) (*errors.Status, error) {
	connection, err := dial(ctx, grpc.WithEndpoint(address), grpc.WithTimeout(limit),
		grpc.WithMiddleware(tracingClient(), carry.Client()))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	reply := new(errors.Status)
	err = connection.Invoke(ctx, "/"+service+"/"+method, request, reply)
	return reply, err
}
