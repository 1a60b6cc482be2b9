// A service and a client on Kratos v3, for `cargo xtask interop`.
//
// The first line on stdout has the addresses at which it serves. Each line on stdin is then a call
// that it makes, and each further line on stdout the outcome; the end of stdin stops it.
//
// Every message is errors.Status of Kratos itself, so that nothing has to be generated. The files of
// kratos-v2 are the same, but for the imports and for tracing, which is a part of Kratos v2.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/go-kratos/kratos/v3"
	"github.com/go-kratos/kratos/v3/errors"
	"github.com/go-kratos/kratos/v3/metadata"
	carry "github.com/go-kratos/kratos/v3/middleware/metadata"
	"github.com/go-kratos/kratos/v3/transport"
	"github.com/go-kratos/kratos/v3/transport/grpc"
	"github.com/go-kratos/kratos/v3/transport/http"
)

// limit of a call; the defaults of Kratos, 1 s and 2 s, are short for a busy machine.
const limit = 30 * time.Second

// message is what stands in a line for errors.Status.
type message struct {
	Code     int32             `json:"code"`
	Reason   string            `json:"reason"`
	Message  string            `json:"message"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type call struct {
	// To is `http://ADDRESS` or `grpc://ADDRESS`.
	To     string `json:"to"`
	Method string `json:"method"`
	// Accept is what the client asks for on HTTP; empty for nothing.
	Accept  string  `json:"accept"`
	Message message `json:"message"`
	// Metadata is that of the client's context.
	Metadata map[string]string `json:"metadata"`
	// Trace is the `traceparent` of a span around the call; empty for none.
	Trace string `json:"trace"`
}

// outcome has one of the two.
type outcome struct {
	Reply *message `json:"reply,omitempty"`
	Error *message `json:"error,omitempty"`
	// Text is the whole of the error.
	Text string `json:"text,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	httpServer := http.NewServer(http.Address("127.0.0.1:0"), http.Timeout(limit),
		http.Middleware(tracingServer(), carry.Server()))
	grpcServer := grpc.NewServer(grpc.Address("127.0.0.1:0"), grpc.Timeout(limit),
		grpc.Middleware(tracingServer(), carry.Server()))
	route := httpServer.Route("/")
	for name, method := range methods {
		route.POST("/"+name, handler(name, method))
	}
	grpcServer.RegisterService(description(), struct{}{})

	addresses := map[string]string{}
	for name, server := range map[string]transport.Endpointer{"http": httpServer, "grpc": grpcServer} {
		// Asking for the endpoint binds the listener, so the real port is known.
		endpoint, err := server.Endpoint()
		if err != nil {
			return err
		}
		addresses[name] = endpoint.Host
	}
	app := kratos.New(kratos.Name("kratos"), kratos.Server(httpServer, grpcServer),
		kratos.AfterStart(func(ctx context.Context) error {
			if err := served(ctx, addresses); err != nil {
				return err
			}
			return print(addresses)
		}))
	go func() {
		if err := answer(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := app.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return app.Run()
}

// served returns when both servers serve. Kratos calls its hooks a little sooner, and a server of gRPC
// that is stopped before it serves fails.
func served(ctx context.Context, addresses map[string]string) error {
	for scheme, address := range addresses {
		if _, err := ask(ctx, scheme+"://"+address, "Relay", "", new(errors.Status)); err != nil {
			return err
		}
	}
	return nil
}

// answer makes a call for each line of stdin.
func answer() error {
	lines := bufio.NewReader(os.Stdin)
	decoder := json.NewDecoder(lines)
	for decoder.More() {
		var asked call
		if err := decoder.Decode(&asked); err != nil {
			return err
		}
		if err := print(asked.make()); err != nil {
			return err
		}
	}
	return nil
}

func (c call) make() outcome {
	ctx := context.Background()
	if len(c.Metadata) > 0 {
		pairs := metadata.New()
		for key, value := range c.Metadata {
			pairs.Set(key, value)
		}
		ctx = metadata.NewClientContext(ctx, pairs)
	}
	ctx = within(ctx, c.Trace)
	reply, err := ask(ctx, c.To, c.Method, c.Accept, c.Message.status())
	if err != nil {
		return outcome{Error: read(&errors.FromError(err).Status), Text: err.Error()}
	}
	return outcome{Reply: read(reply)}
}

func (m message) status() *errors.Status {
	return &errors.Status{Code: m.Code, Reason: m.Reason, Message: m.Message, Metadata: m.Metadata}
}

func read(status *errors.Status) *message {
	return &message{status.GetCode(), status.GetReason(), status.GetMessage(), status.GetMetadata()}
}

func print(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}
