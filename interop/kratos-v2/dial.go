package main

import (
	"context"

	"github.com/go-kratos/kratos/v2/transport/grpc"
	gogrpc "google.golang.org/grpc"
)

func dial(ctx context.Context, options ...grpc.ClientOption) (*gogrpc.ClientConn, error) {
	return grpc.DialInsecure(ctx, options...)
}
