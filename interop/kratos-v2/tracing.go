package main

import (
	"context"

	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/middleware/tracing"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

var provider = tracing.WithTracerProvider(sdk.NewTracerProvider())

func tracingServer() middleware.Middleware {
	return tracing.Server(provider)
}

func tracingClient() middleware.Middleware {
	return tracing.Client(provider)
}

// within is a context with a span of the given traceparent.
func within(ctx context.Context, traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}
