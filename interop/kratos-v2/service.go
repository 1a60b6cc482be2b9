package main

import (
	"context"
	"strings"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/metadata"
	"github.com/go-kratos/kratos/v2/transport"
	"github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc"
)

const service = "interop.v1.Interop"

type method func(context.Context, *errors.Status) (*errors.Status, error)

var methods map[string]method

func init() {
	// Relay calls ask, which has the names of the methods.
	methods = map[string]method{"Fail": fail, "Relay": relay}
}

// fail fails with the error that it is given.
func fail(_ context.Context, request *errors.Status) (*errors.Status, error) {
	err := errors.New(int(request.GetCode()), request.GetReason(), request.GetMessage())
	return nil, err.WithMetadata(request.GetMetadata())
}

// relay asks the first of the endpoints in the request's message, which are separated by spaces, with
// the others in the message. Without any it answers with what of the headers has come.
func relay(ctx context.Context, request *errors.Status) (*errors.Status, error) {
	next, rest, _ := strings.Cut(request.GetMessage(), " ")
	if next == "" {
		return &errors.Status{Metadata: seen(ctx)}, nil
	}
	return ask(ctx, next, "Relay", "", &errors.Status{Message: rest})
}

func seen(ctx context.Context) map[string]string {
	entries := map[string]string{}
	if pairs, ok := metadata.FromServerContext(ctx); ok {
		for key, values := range pairs {
			entries[key] = strings.Join(values, ",")
		}
	}
	if server, ok := transport.FromServerContext(ctx); ok {
		entries["traceparent"] = server.RequestHeader().Get("traceparent")
	}
	return entries
}

// handler does what Kratos' generator writes for a POST.
func handler(name string, run method) http.HandlerFunc {
	return func(ctx http.Context) error {
		request := new(errors.Status)
		if err := ctx.Bind(request); err != nil {
			return err
		}
		http.SetOperation(ctx, "/"+service+"/"+name)
		handle := ctx.Middleware(func(ctx context.Context, request any) (any, error) {
			return run(ctx, request.(*errors.Status))
		})
		reply, err := handle(ctx, request)
		if err != nil {
			return err
		}
		return ctx.Result(200, reply)
	}
}

// description is what protoc-gen-go-grpc writes for a service of these methods.
func description() *grpc.ServiceDesc {
	described := &grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil)}
	for name, run := range methods {
		described.Methods = append(described.Methods, grpc.MethodDesc{
			MethodName: name,
			Handler: func(server any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
				request := new(errors.Status)
				if err := decode(request); err != nil {
					return nil, err
				}
				info := &grpc.UnaryServerInfo{Server: server, FullMethod: "/" + service + "/" + name}
				return intercept(ctx, request, info, func(ctx context.Context, request any) (any, error) {
					return run(ctx, request.(*errors.Status))
				})
			},
		})
	}
	return described
}
