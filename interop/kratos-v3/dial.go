package main

import (
	"context"

	"github.com/go-kratos/kratos/v3/transport/grpc"
	gogrpc "google.golang.org/grpc"
)

func dial(ctx context.Context, options ...grpc.ClientOption) (*gogrpc.ClientConn, error) {
	return grpc.NewClient(ctx, options...)
}
