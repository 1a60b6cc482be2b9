// A service and a client on Kratos v2, for `cargo xtask interop`.
//
// The first line on stdout has the addresses at which it serves. Each line on stdin is then a call
// that it makes, or something else that it does with a registry, and each further line on stdout the
// outcome. It ends with stdin, at a SIGTERM, and when its lifetime is over.
//
// With a registry as its argument, etcd://ADDRESS or consul://ADDRESS, it is registered there.
//
// Every message is errors.Status of Kratos itself, so that nothing has to be generated. The files for the
// other version of Kratos are the same, but for the version in their text, for dial.go, and for tracing.go,
// as tracing is no part of the later one. A test of xtask compares them.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/metadata"
	carry "github.com/go-kratos/kratos/v2/middleware/metadata"
	"github.com/go-kratos/kratos/v2/registry"
	"github.com/go-kratos/kratos/v2/transport"
	"github.com/go-kratos/kratos/v2/transport/grpc"
	"github.com/go-kratos/kratos/v2/transport/http"
)

// limit of a call; the defaults of Kratos, 1 s and 2 s, are short for a busy machine.
const limit = 30 * time.Second

// lifetime of the program, whatever has become of the test.
const lifetime = 10 * time.Minute

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

// outcome has one of them.
type outcome struct {
	Reply *message `json:"reply,omitempty"`
	Error *message `json:"error,omitempty"`
	// Listed is what a registry lists.
	Listed []*registry.ServiceInstance `json:"listed,omitempty"`
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

	options := []kratos.Option{kratos.Name("kratos"), kratos.Server(httpServer, grpcServer)}
	known, err := open(os.Args[1:])
	if err != nil {
		return err
	}
	if known.registrar != nil {
		options = append(options, kratos.Registrar(known.registrar))
	}
	time.AfterFunc(lifetime, func() {
		fmt.Fprintln(os.Stderr, "still running after", lifetime)
		os.Exit(1)
	})

	addresses := map[string]string{}
	for name, server := range map[string]transport.Endpointer{"http": httpServer, "grpc": grpcServer} {
		// Asking for the endpoint binds the listener, so the real port is known.
		endpoint, err := server.Endpoint()
		if err != nil {
			return err
		}
		addresses[name] = endpoint.Host
	}
	options = append(options, kratos.AfterStart(func(ctx context.Context) error {
		if err := served(ctx, addresses); err != nil {
			return err
		}
		if app, ok := kratos.FromContext(ctx); ok {
			addresses["id"] = app.ID()
		}
		return print(addresses)
	}))
	app := kratos.New(options...)
	go func() {
		if err := answer(known); err != nil {
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

// answer does what each line of stdin asks for.
func answer(known *known) error {
	lines := bufio.NewReader(os.Stdin)
	decoder := json.NewDecoder(lines)
	for decoder.More() {
		var asked struct {
			call
			task
		}
		if err := decoder.Decode(&asked); err != nil {
			return err
		}
		made := outcome{}
		if asked.Do == "" {
			made = asked.make()
		} else {
			made = known.do(asked.task)
		}
		if err := print(made); err != nil {
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
		return failed(err)
	}
	return outcome{Reply: read(reply)}
}

func failed(err error) outcome {
	return outcome{Error: read(&errors.FromError(err).Status), Text: err.Error()}
}

func (m message) status() *errors.Status {
	return &errors.Status{Code: m.Code, Reason: m.Reason, Message: m.Message, Metadata: m.Metadata}
}

func read(status *errors.Status) *message {
	return &message{status.GetCode(), status.GetReason(), status.GetMessage(), status.GetMetadata()}
}

var printing sync.Mutex

// print writes a line, which views of a registry do at any time.
func print(value any) error {
	printing.Lock()
	defer printing.Unlock()
	return json.NewEncoder(os.Stdout).Encode(value)
}
