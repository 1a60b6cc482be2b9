package main

import (
	"context"

	"github.com/go-kratos/kratos/v3/middleware"
	"github.com/go-kratos/kratos/v3/transport"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing of Kratos v3 is a module beside it, contrib/otel, which could not be fetched when this was
// written. This is what it does with the headers: a span on each side, and OpenTelemetry's propagator
// with Kratos' headers as its carrier.

var (
	propagator = propagation.TraceContext{}
	tracer     = sdk.NewTracerProvider().Tracer("kratos")
)

func tracingServer() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, request any) (any, error) {
			if server, ok := transport.FromServerContext(ctx); ok {
				var span trace.Span
				ctx = propagator.Extract(ctx, server.RequestHeader())
				ctx, span = tracer.Start(ctx, server.Operation(), trace.WithSpanKind(trace.SpanKindServer))
				defer span.End()
			}
			return next(ctx, request)
		}
	}
}

func tracingClient() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, request any) (any, error) {
			if client, ok := transport.FromClientContext(ctx); ok {
				var span trace.Span
				ctx, span = tracer.Start(ctx, client.Operation(), trace.WithSpanKind(trace.SpanKindClient))
				propagator.Inject(ctx, client.RequestHeader())
				defer span.End()
			}
			return next(ctx, request)
		}
	}
}

// within is a context with a span of the given traceparent.
func within(ctx context.Context, traceparent string) context.Context {
	return propagator.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}
