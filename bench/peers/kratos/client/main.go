// helloworld through Go's gRPC client: ADDRESS [CERTIFICATE]. The client watches
// the server's health, as Kratos' clients do.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"kratos-peer/helloworld"
)

const watchHealth = `{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}}`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	trust := insecure.NewCredentials()
	switch len(arguments) {
	case 1:
	case 2:
		var err error
		if trust, err = credentials.NewClientTLSFromFile(arguments[1], ""); err != nil {
			return err
		}
	default:
		return fmt.Errorf("usage: client ADDRESS [CERTIFICATE]")
	}
	connection, err := grpc.NewClient(arguments[0],
		grpc.WithTransportCredentials(trust), grpc.WithDefaultServiceConfig(watchHealth))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	greeter := helloworld.NewGreeterClient(connection)
	reply, err := greeter.SayHello(ctx, &helloworld.HelloRequest{Name: "kit"}, grpc.WaitForReady(true))
	if err != nil {
		return fmt.Errorf("SayHello: %w", err)
	}
	if reply.GetMessage() != "Hello kit" {
		return fmt.Errorf("SayHello: %q", reply.GetMessage())
	}
	if err := deadline(ctx, greeter); err != nil {
		return err
	}
	health, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return fmt.Errorf("Check: %w", err)
	}
	if health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("Check: %s", health.GetStatus())
	}
	return nil
}

func deadline(ctx context.Context, greeter helloworld.GreeterClient) error {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, err := greeter.SayHello(ctx, &helloworld.HelloRequest{Name: "kit", Delay: "60s"})
	if status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("a call with a deadline: %v", err)
	}
	return nil
}
