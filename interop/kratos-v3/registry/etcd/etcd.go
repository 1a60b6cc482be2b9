// Package etcd writes and reads instances in etcd as Kratos does.
//
// Kratos' registry for etcd is a module beside its core, contrib/registry/etcd, which the Go module proxy
// did not have when this was written. This takes its place: the keys, values, leases, reads and watches are
// those that it was seen to use, with the core's registry.ServiceInstance and etcd's own client, weak
// points included. What decides how another service sees Kratos, or how Kratos sees it, is:
//
//   - the key `/microservices/NAME/ID`, the instance's JSON as its value, a lease of 15 s;
//   - reads with the prefix `/microservices/NAME`, without a slash at the end, and only instances of that name;
//   - a watcher that gives the whole list after each event, whatever the event was, and the first at once;
//   - a departure that deletes the key and leaves the lease to run out.
package etcd

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/go-kratos/kratos/v3/registry"
	client "go.etcd.io/etcd/client/v3"
)

const (
	namespace = "/microservices"
	// ttl of a lease, in seconds.
	ttl = 15
	// retries after a lost lease; Kratos then gives up.
	retries = 5
	// attempt is how long one of them may take.
	attempt = 3 * time.Second
	// pause before a watch is opened again.
	pause = time.Second
)

// Registry is a registry.Registrar and a registry.Discovery.
type Registry struct {
	client *client.Client
	lock   sync.Mutex
	// beats ends the keep-alive of each key.
	beats map[string]context.CancelFunc
}

// New has the defaults of Kratos.
func New(client *client.Client) *Registry {
	return &Registry{client: client, beats: map[string]context.CancelFunc{}}
}

func (r *Registry) Register(ctx context.Context, instance *registry.ServiceInstance) error {
	key := namespace + "/" + instance.Name + "/" + instance.ID
	value, err := json.Marshal(instance)
	if err != nil {
		return err
	}
	lease, err := r.put(ctx, key, string(value))
	if err != nil {
		return err
	}
	beating, stop := context.WithCancel(context.Background())
	r.lock.Lock()
	// An earlier keep-alive of the key goes on until its lease has run out, as with Kratos.
	r.beats[key] = stop
	r.lock.Unlock()
	go r.beat(beating, lease, key, string(value))
	return nil
}

func (r *Registry) Deregister(ctx context.Context, instance *registry.ServiceInstance) error {
	key := namespace + "/" + instance.Name + "/" + instance.ID
	r.lock.Lock()
	if stop, ok := r.beats[key]; ok {
		stop()
		delete(r.beats, key)
	}
	r.lock.Unlock()
	_, err := r.client.Delete(ctx, key)
	return err
}

func (r *Registry) put(ctx context.Context, key, value string) (client.LeaseID, error) {
	lease, err := r.client.Grant(ctx, ttl)
	if err != nil {
		return 0, err
	}
	_, err = r.client.Put(ctx, key, value, client.WithLease(lease.ID))
	return lease.ID, err
}

// beat keeps a lease alive until it is stopped. A lease that is lost is replaced, a few times.
func (r *Registry) beat(ctx context.Context, lease client.LeaseID, key, value string) {
	for tries := 0; tries <= retries; {
		if alive, err := r.client.KeepAlive(ctx, lease); err == nil {
			for range alive {
				tries = 0
			}
		}
		if ctx.Err() != nil {
			return
		}
		tries++
		bounded, stop := context.WithTimeout(ctx, attempt)
		if renewed, err := r.put(bounded, key, value); err == nil {
			lease = renewed
		}
		stop()
	}
}

func (r *Registry) GetService(ctx context.Context, name string) ([]*registry.ServiceInstance, error) {
	answer, err := r.client.Get(ctx, namespace+"/"+name, client.WithPrefix())
	if err != nil {
		return nil, err
	}
	instances := []*registry.ServiceInstance{}
	for _, pair := range answer.Kvs {
		instance := new(registry.ServiceInstance)
		if err := json.Unmarshal(pair.Value, instance); err != nil {
			return nil, err
		}
		if instance.Name == name {
			instances = append(instances, instance)
		}
	}
	return instances, nil
}

func (r *Registry) Watch(ctx context.Context, name string) (registry.Watcher, error) {
	w := &watcher{registry: r, name: name, isFirst: true}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w, w.open()
}

type watcher struct {
	registry *Registry
	name     string
	isFirst  bool
	ctx      context.Context
	cancel   context.CancelFunc
	watcher  client.Watcher
	events   client.WatchChan
}

func (w *watcher) open() error {
	w.watcher = client.NewWatcher(w.registry.client)
	w.events = w.watcher.Watch(w.ctx, namespace+"/"+w.name, client.WithPrefix())
	return w.watcher.RequestProgress(w.ctx)
}

func (w *watcher) Next() ([]*registry.ServiceInstance, error) {
	if w.isFirst {
		w.isFirst = false
		return w.registry.GetService(w.ctx, w.name)
	}
	select {
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	case event, ok := <-w.events:
		if !ok || event.Err() != nil {
			time.Sleep(pause)
			_ = w.watcher.Close()
			if err := w.open(); err != nil {
				return nil, err
			}
		}
	}
	return w.registry.GetService(w.ctx, w.name)
}

func (w *watcher) Stop() error {
	w.cancel()
	return w.watcher.Close()
}
