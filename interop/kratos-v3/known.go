package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-kratos/kratos/v3/errors"
	"github.com/go-kratos/kratos/v3/registry"
	"github.com/go-kratos/kratos/v3/transport/grpc"
	"github.com/go-kratos/kratos/v3/transport/http"
	client "go.etcd.io/etcd/client/v3"
	gogrpc "google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kratos-v3/registry/consul"
	"kratos-v3/registry/etcd"
)

// unchecked stands at the end of an address of Consul where that is not to try endpoints, at which
// nothing need listen then.
const unchecked = "?health_check=false"

// task is something that is done with the registry.
type task struct {
	// Do is `register`, `deregister`, `list`, `watch` or `greet`; empty for a call.
	Do string `json:"do"`
	// Name is that of the service that is listed, watched or greeted.
	Name string `json:"name"`
	// Scheme of a greeting, `http` or `grpc`.
	Scheme string `json:"scheme"`
	// Instances that are registered or deregistered, one after the other.
	Instances []*registry.ServiceInstance `json:"instances"`
}

// view is the line for what a watcher has found.
type view struct {
	Name      string                      `json:"name"`
	Instances []*registry.ServiceInstance `json:"view"`
}

// known is the registry, and the clients that find services in it.
type known struct {
	// registrar of the app, nil without a registry.
	registrar registry.Registrar
	discovery registry.Discovery
	http      map[string]*http.Client
	grpc      map[string]*gogrpc.ClientConn
}

func open(arguments []string) (*known, error) {
	opened := &known{http: map[string]*http.Client{}, grpc: map[string]*gogrpc.ClientConn{}}
	if len(arguments) == 0 {
		return opened, nil
	}
	scheme, address, _ := strings.Cut(arguments[0], "://")
	switch scheme {
	case "etcd":
		connected, err := client.New(client.Config{Endpoints: []string{address}})
		if err != nil {
			return nil, err
		}
		one := etcd.New(connected)
		opened.registrar, opened.discovery = one, one
	case "consul":
		address, unchecked := strings.CutSuffix(address, unchecked)
		one := consul.New(address, !unchecked)
		opened.registrar, opened.discovery = one, one
	default:
		return nil, fmt.Errorf("%q is neither etcd://ADDRESS nor consul://ADDRESS", arguments[0])
	}
	return opened, nil
}

func (k *known) do(task task) outcome {
	ctx, done := context.WithTimeout(context.Background(), limit)
	defer done()
	made, err := outcome{}, error(nil)
	switch task.Do {
	case "register":
		err = each(ctx, task.Instances, k.registrar.Register)
	case "deregister":
		err = each(ctx, task.Instances, k.registrar.Deregister)
	case "list":
		made.Listed, err = k.discovery.GetService(ctx, task.Name)
	case "watch":
		err = k.watch(task.Name)
	case "greet":
		var greeting string
		greeting, err = k.greet(ctx, task)
		made.Reply = &message{Message: greeting}
	default:
		err = fmt.Errorf("%q is nothing to do", task.Do)
	}
	if err != nil {
		return failed(err)
	}
	return made
}

func each(ctx context.Context, instances []*registry.ServiceInstance, do func(context.Context, *registry.ServiceInstance) error) error {
	for _, instance := range instances {
		if err := do(ctx, instance); err != nil {
			return err
		}
	}
	return nil
}

// watch prints each list of a watcher, until the program ends.
func (k *known) watch(name string) error {
	watcher, err := k.discovery.Watch(context.Background(), name)
	if err != nil {
		return err
	}
	go func() {
		for {
			instances, err := watcher.Next()
			if err != nil {
				// As the resolvers of Kratos do, but for the pause.
				_ = print(failed(err))
				return
			}
			if print(view{name, instances}) != nil {
				return
			}
		}
	}()
	return nil
}

// greet greets helloworld.v1.Greeter at an instance of the service that a client of Kratos finds, and
// keeps that client.
func (k *known) greet(ctx context.Context, task task) (string, error) {
	if task.Scheme == "http" {
		return k.greetHTTP(ctx, task.Name)
	}
	return k.greetGRPC(ctx, task.Name)
}

func (k *known) greetHTTP(ctx context.Context, name string) (string, error) {
	found := k.http[name]
	if found == nil {
		// The client's context is that of its watch.
		made, err := http.NewClient(context.Background(), http.WithEndpoint("discovery:///"+name),
			http.WithDiscovery(k.discovery), http.WithTimeout(limit), http.WithBlock())
		if err != nil {
			return "", err
		}
		found, k.http[name] = made, made
	}
	reply := struct {
		Message string `json:"message"`
	}{}
	err := found.Invoke(ctx, "GET", "/helloworld/kratos", nil, &reply)
	return reply.Message, err
}

// greetGRPC has a string for the messages, HelloRequest and HelloReply: both are a text in field 1.
func (k *known) greetGRPC(ctx context.Context, name string) (string, error) {
	found := k.grpc[name]
	if found == nil {
		made, err := dial(ctx, grpc.WithEndpoint("discovery:///"+name),
			grpc.WithDiscovery(k.discovery), grpc.WithTimeout(limit))
		if err != nil {
			return "", err
		}
		found, k.grpc[name] = made, made
	}
	reply := new(wrapperspb.StringValue)
	request := wrapperspb.String("kratos")
	err := found.Invoke(ctx, "/helloworld.v1.Greeter/SayHello", request, reply, gogrpc.WaitForReady(true))
	if err != nil {
		return "", errors.FromError(err)
	}
	return reply.GetValue(), nil
}
