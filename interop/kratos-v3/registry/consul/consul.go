// Package consul writes and reads instances in Consul as Kratos does.
//
// Kratos' registry for Consul is a module beside its core, contrib/registry/consul, which the Go module
// proxy did not have when this was written. This takes its place, with the core's
// registry.ServiceInstance and plain HTTP: the requests are those that it was seen to make, with its
// defaults, and so are the weak points. What decides how another service sees Kratos, or how Kratos sees
// it, is:
//
//   - the id of the entry, which is that of the instance, without the service's name;
//   - endpoints as whole URLs in the tagged addresses, by scheme, and the version in the tag `version=`;
//   - a check of each endpoint by TCP every 10 s, and one that the service keeps alive, of 20 s;
//   - a second registration of an id, which takes the first away before it writes;
//   - watchers that share one list of a service, and have no event when that list becomes empty.
package consul

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-kratos/kratos/v3/registry"
)

const (
	// interval of the checks.
	interval = 10 * time.Second
	// removal after this time in which a check was critical.
	removal = "600s"
	// timeout of a query, which is shorter than its wait.
	timeout = 10 * time.Second
	wait    = "55000ms"
	// tick between two queries, and pause after one that failed.
	tick = time.Second
)

// Registry is a registry.Registrar and a registry.Discovery.
type Registry struct {
	agent  string
	checks bool
	lock   sync.Mutex
	// beats are those of the instances, by id.
	beats map[string]*beat
	sets  map[string]*set
}

// New has the defaults of Kratos; without checks, no endpoint is tried by Consul, as with
// WithHealthCheck(false) of Kratos.
func New(address string, checks bool) *Registry {
	return &Registry{
		agent:  "http://" + address,
		checks: checks,
		beats:  map[string]*beat{},
		sets:   map[string]*set{},
	}
}

type beat struct {
	stop context.CancelFunc
	done chan struct{}
}

type address struct {
	Address string
	Port    int
}

type check struct {
	CheckID                        string `json:",omitempty"`
	TCP                            string `json:",omitempty"`
	Interval                       string `json:",omitempty"`
	Timeout                        string `json:",omitempty"`
	TTL                            string `json:",omitempty"`
	DeregisterCriticalServiceAfter string `json:",omitempty"`
}

// entry is a service, as it is written to an agent.
type entry struct {
	ID              string             `json:",omitempty"`
	Name            string             `json:",omitempty"`
	Tags            []string           `json:",omitempty"`
	Port            int                `json:",omitempty"`
	Address         string             `json:",omitempty"`
	TaggedAddresses map[string]address `json:",omitempty"`
	Meta            map[string]string  `json:",omitempty"`
	Checks          []check
}

func (r *Registry) entry(instance *registry.ServiceInstance) (*entry, error) {
	written := &entry{
		ID:              instance.ID,
		Name:            instance.Name,
		Meta:            instance.Metadata,
		Tags:            []string{"version=" + instance.Version},
		TaggedAddresses: map[string]address{},
	}
	for _, endpoint := range instance.Endpoints {
		parsed, err := url.Parse(endpoint)
		if err != nil {
			return nil, err
		}
		port, _ := strconv.Atoi(parsed.Port())
		// Of two endpoints with one scheme the second is the one that is left.
		written.TaggedAddresses[parsed.Scheme] = address{endpoint, port}
		if written.Address == "" {
			written.Address, written.Port = parsed.Hostname(), port
		}
		if r.checks {
			written.Checks = append(written.Checks, check{
				TCP:                            net.JoinHostPort(parsed.Hostname(), parsed.Port()),
				Interval:                       seconds(interval),
				Timeout:                        "5s",
				DeregisterCriticalServiceAfter: removal,
			})
		}
	}
	written.Checks = append(written.Checks, check{
		CheckID:                        "service:" + instance.ID,
		TTL:                            seconds(2 * interval),
		DeregisterCriticalServiceAfter: removal,
	})
	return written, nil
}

func seconds(span time.Duration) string {
	return fmt.Sprintf("%ds", int(span.Seconds()))
}

func (r *Registry) Register(ctx context.Context, instance *registry.ServiceInstance) error {
	written, err := r.entry(instance)
	if err != nil {
		return err
	}
	r.end(instance.ID)
	if err := r.put(ctx, "register", written); err != nil {
		return err
	}
	beating, stop := context.WithCancel(context.Background())
	kept := &beat{stop, make(chan struct{})}
	r.lock.Lock()
	r.beats[instance.ID] = kept
	r.lock.Unlock()
	go func() {
		defer close(kept.done)
		r.beat(beating, written)
	}()
	return nil
}

func (r *Registry) Deregister(ctx context.Context, instance *registry.ServiceInstance) error {
	r.end(instance.ID)
	return r.deregister(ctx, instance.ID)
}

// end stops the beat of an instance, whose last act is to take the entry away.
func (r *Registry) end(id string) {
	r.lock.Lock()
	kept := r.beats[id]
	delete(r.beats, id)
	r.lock.Unlock()
	if kept != nil {
		kept.stop()
		<-kept.done
	}
}

// beat says again and again that an instance is alive, and writes it anew when that fails.
func (r *Registry) beat(ctx context.Context, written *entry) {
	defer func() {
		_ = r.deregister(context.Background(), written.ID)
	}()
	// The first one is not stopped half-way.
	_ = r.pass(context.Background(), written.ID)
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if err := r.pass(ctx, written.ID); err != nil {
			if slept(ctx, time.Duration(rand.IntN(5))*time.Second) != nil {
				return
			}
			_ = r.put(ctx, "register", written)
		}
	}
}

func (r *Registry) pass(ctx context.Context, id string) error {
	return r.ask(ctx, http.MethodPut, "/v1/agent/check/update/service:"+url.PathEscape(id),
		map[string]string{"Status": "passing", "Output": "pass"}, nil, nil)
}

func (r *Registry) put(ctx context.Context, action string, written *entry) error {
	return r.ask(ctx, http.MethodPut, "/v1/agent/service/"+action, written, nil, nil)
}

func (r *Registry) deregister(ctx context.Context, id string) error {
	err := r.ask(ctx, http.MethodPut, "/v1/agent/service/deregister/"+url.PathEscape(id), nil, nil, nil)
	if status, ok := err.(statusError); ok && status.code == http.StatusNotFound {
		return nil
	}
	return err
}

type statusError struct {
	code int
	text string
}

func (e statusError) Error() string {
	return fmt.Sprintf("%d from Consul: %s", e.code, e.text)
}

// ask makes a request; the answer is decoded into `answer`, and `index` is set to that of the list.
func (r *Registry) ask(ctx context.Context, method, path string, body, answer any, index *uint64) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, r.agent+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return statusError{response.StatusCode, string(text)}
	}
	if index != nil {
		if *index, err = strconv.ParseUint(response.Header.Get("X-Consul-Index"), 10, 64); err != nil {
			return err
		}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// list is what the services of a name are, once that has changed since `index`.
func (r *Registry) list(ctx context.Context, name string, index uint64) ([]*registry.ServiceInstance, uint64, error) {
	query := url.Values{"passing": {"1"}}
	if index != 0 {
		query.Set("index", strconv.FormatUint(index, 10))
	}
	query.Set("wait", wait)
	var found []struct {
		Service struct {
			ID              string
			Service         string
			Tags            []string
			Meta            map[string]string
			TaggedAddresses map[string]address
			Address         string
			Port            int
		}
	}
	path := "/v1/health/service/" + url.PathEscape(name) + "?" + query.Encode()
	if err := r.ask(ctx, http.MethodGet, path, nil, &found, &index); err != nil {
		return nil, 0, err
	}
	instances := []*registry.ServiceInstance{}
	for _, one := range found {
		service := one.Service
		instance := &registry.ServiceInstance{
			ID: service.ID, Name: service.Service, Metadata: service.Meta, Endpoints: []string{},
		}
		for _, tag := range service.Tags {
			if version, ok := strings.CutPrefix(tag, "version="); ok {
				instance.Version = version
			}
		}
		for key, tagged := range service.TaggedAddresses {
			switch key {
			case "lan_ipv4", "wan_ipv4", "lan_ipv6", "wan_ipv6":
			default:
				instance.Endpoints = append(instance.Endpoints, tagged.Address)
			}
		}
		if len(instance.Endpoints) == 0 && service.Address != "" && service.Port != 0 {
			host := net.JoinHostPort(service.Address, strconv.Itoa(service.Port))
			instance.Endpoints = append(instance.Endpoints, "http://"+host)
		}
		instances = append(instances, instance)
	}
	return instances, index, nil
}

// set is the one list of a service that its watchers share.
type set struct {
	instances []*registry.ServiceInstance
	watchers  map[*watcher]struct{}
	// watching is done when the last watcher has stopped.
	watching context.Context
	stop     context.CancelFunc
}

// GetService is the list that the watchers of the service have, as old as that may be, or else that of
// the registry, where an empty one is an error.
func (r *Registry) GetService(ctx context.Context, name string) ([]*registry.ServiceInstance, error) {
	if instances := r.shown(name); instances != nil {
		return instances, nil
	}
	instances, _, err := r.list(ctx, name, 0)
	if err == nil && len(instances) == 0 {
		err = fmt.Errorf("service %s is not in the registry", name)
	}
	return instances, err
}

// shown is the list that the watchers of a service have, nil without one.
func (r *Registry) shown(name string) []*registry.ServiceInstance {
	r.lock.Lock()
	defer r.lock.Unlock()
	if shared := r.sets[name]; shared != nil {
		return shared.instances
	}
	return nil
}

func (r *Registry) Watch(ctx context.Context, name string) (registry.Watcher, error) {
	w := &watcher{registry: r, name: name, event: make(chan struct{}, 1)}
	w.ctx, w.cancel = context.WithCancel(ctx)
	r.lock.Lock()
	shared, isOpen := r.sets[name]
	if !isOpen {
		shared = &set{watchers: map[*watcher]struct{}{}}
		shared.watching, shared.stop = context.WithCancel(context.Background())
		r.sets[name] = shared
	}
	shared.watchers[w] = struct{}{}
	if len(shared.instances) > 0 {
		w.event <- struct{}{}
	}
	r.lock.Unlock()
	if isOpen {
		return w, nil
	}
	bounded, done := context.WithTimeout(ctx, timeout)
	defer done()
	instances, index, err := r.list(bounded, name, 0)
	if err != nil {
		// The set stays, without a query: later watchers of the name have no event.
		return nil, err
	}
	r.show(shared, instances)
	go r.follow(shared, name, index)
	return w, nil
}

// show hands a list to the watchers, if there is anything in it.
func (r *Registry) show(shared *set, instances []*registry.ServiceInstance) {
	if len(instances) == 0 {
		return
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	shared.instances = instances
	for w := range shared.watchers {
		select {
		case w.event <- struct{}{}:
		default:
		}
	}
}

// follow queries until it is stopped.
func (r *Registry) follow(shared *set, name string, index uint64) {
	ctx := shared.watching
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		bounded, done := context.WithTimeout(ctx, timeout)
		instances, now, err := r.list(bounded, name, index)
		done()
		if err != nil {
			if slept(ctx, tick) != nil {
				return
			}
			continue
		}
		if now != index {
			r.show(shared, instances)
		}
		index = now
	}
}

type watcher struct {
	registry *Registry
	name     string
	event    chan struct{}
	ctx      context.Context
	cancel   context.CancelFunc
}

func (w *watcher) Next() ([]*registry.ServiceInstance, error) {
	select {
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	case <-w.event:
	}
	return w.registry.shown(w.name), nil
}

func (w *watcher) Stop() error {
	w.cancel()
	r := w.registry
	r.lock.Lock()
	defer r.lock.Unlock()
	if shared := r.sets[w.name]; shared != nil {
		delete(shared.watchers, w)
		if len(shared.watchers) == 0 {
			shared.stop()
			delete(r.sets, w.name)
		}
	}
	return nil
}

func slept(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
