// What Kratos writes for an instance, and what it reads, as JSON on stdout: the golden file of
// crates/kit-registry. Made anew by
//
//	cd interop/kratos-v2 && go run ./golden > ../../crates/kit-registry/tests/golden/kratos.json
//
// The encoding is that of Kratos' registries, encoding/json on registry.ServiceInstance. The file
// for the other version of Kratos is the same, but for the version in its text, and prints the same.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/go-kratos/kratos/v2/registry"
	"github.com/go-kratos/kratos/v2/selector"
)

// written is an instance, and the text that Kratos stores for it.
type written struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Metadata  map[string]string `json:"metadata"`
	Endpoints []string          `json:"endpoints"`
	Text      string            `json:"text"`
}

// read is a text, and what Kratos stores after it has read it; empty for an error.
type read struct {
	Text   string `json:"text"`
	Stored string `json:"stored"`
}

// weight is a value in the metadata, and how a selector of Kratos reads it.
type weight struct {
	Text   string `json:"text"`
	Weight *int64 `json:"weight"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	golden := struct {
		Written []written `json:"written"`
		Read    []read    `json:"read"`
		Weights []weight  `json:"weights"`
	}{}
	for _, instance := range instances() {
		text, err := json.Marshal(instance)
		if err != nil {
			return err
		}
		again := new(registry.ServiceInstance)
		if err := json.Unmarshal(text, again); err != nil {
			return err
		}
		// Equal of Kratos sorts the endpoints of both.
		if !reflect.DeepEqual(again, instance) {
			return fmt.Errorf("%s is read as another instance", text)
		}
		golden.Written = append(golden.Written, written{instance.ID, instance.Name, instance.Version,
			instance.Metadata, instance.Endpoints, string(text)})
	}
	for _, text := range texts {
		instance := new(registry.ServiceInstance)
		stored := []byte{}
		if err := json.Unmarshal([]byte(text), instance); err == nil {
			if stored, err = json.Marshal(instance); err != nil {
				return err
			}
		}
		golden.Read = append(golden.Read, read{text, string(stored)})
	}
	for _, text := range weights {
		instance := &registry.ServiceInstance{Metadata: map[string]string{"weight": text}}
		node := selector.NewNode("http", "127.0.0.1:1", instance)
		golden.Weights = append(golden.Weights, weight{text, node.InitialWeight()})
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	return encoder.Encode(golden)
}

// instances has one for each rule of encoding/json, and for each character that may be escaped.
func instances() []*registry.ServiceInstance {
	instances := []*registry.ServiceInstance{
		{ID: "1", Name: "helloworld", Version: "v1.2.0",
			Metadata:  map[string]string{"zone": "sh001", "a": "b", "Z": "", "": "empty", "é": "1", "ａ": "2", "😀": "3"},
			Endpoints: []string{"http://127.0.0.1:8000?isSecure=false", "grpc://127.0.0.1:9000?isSecure=false"}},
		{ID: "none", Name: "n", Endpoints: []string{}},
		{ID: "large", Name: "n", Metadata: map[string]string{"k": strings.Repeat("<é\u2028", 1000)}, Endpoints: []string{}},
		{ID: "<1>", Name: "a&b", Version: "\u2028x\u2029", Endpoints: []string{"http://h:1/?a=<&>"}},
	}
	all := new(strings.Builder)
	for character := rune(0); character < 0x180; character++ {
		all.WriteRune(character)
	}
	all.WriteString("\u200b\u2027\u202a\ufeff\ufffd\uffff\U0001f600\U0010ffff")
	metadata := map[string]string{"all": all.String(), all.String(): "key"}
	return append(instances, &registry.ServiceInstance{ID: "all", Name: "n", Metadata: metadata, Endpoints: []string{}})
}

var texts = []string{
	`{"id":"1","name":"n"}`,
	`{"id":"1","name":"n","version":null,"metadata":null,"endpoints":null}`,
	`{"id":"1","name":"n","version":"","metadata":{},"endpoints":[]}`,
	` { "endpoints" : [ "http://h:1" ] , "metadata" : { "b" : "1" , "a" : "2" } , "name" : "n" , "id" : "1" } `,
	`{"ID":"1","Name":"n","VERSION":"2","MetaData":{"K":"v"},"endPoints":["http://h:1"]}`,
	"{\"id\":\"1\",\"name\":\"n\",\"ver\u017fion\":\"long s\",\"endpoint\u017f\":[\"http://h:1\"]}",
	`{"ıd":"no i","id":"1","name":"n"}`,
	`{"id":"1","name":"n","id_":"2","i d":"3","":"4"}`,
	`{"id":"1","name":"n","weight":3,"health":{"deep":[1,{"x":null}]},"up":true}`,
	`{"id":"1","id":"2","name":"n","ID":"3"}`,
	`{"id":"1","id":null,"name":"n"}`,
	`{"id":"1","name":"n","metadata":{"a":"1","b":"1"},"metadata":{"b":"2","c":"2"}}`,
	`{"id":"1","name":"n","metadata":{"a":"1"},"metadata":null}`,
	`{"id":"1","name":"n","endpoints":["http://a:1","http://b:1"],"endpoints":["http://c:1"]}`,
	`{"id":"1","name":"n","metadata":{"a":null,"a":"1","b":"1","b":null}}`,
	`{"id":"1","name":"n","metadata":{"A":"1","a":"2"}}`,
	`{"id":"\u0031","\u006eame":"\u003cn\u003e","version":"\ud83d\ude00\u2028\/"}`,
	`{"id":"1","name":"n","version":"\ud800"}`,
	`{"id":"1","name":"n","version":"\udc00x"}`,
	`{"id":1,"name":"n"}`,
	`{"id":"1","name":"n","metadata":{"a":1}}`,
	`{"id":"1","name":"n","metadata":["a"]}`,
	`{"id":"1","name":"n","endpoints":"http://h:1"}`,
	`{"id":"1","name":"n",}`,
	`{"id":"1","name":"n"} {}`,
	`{'id':'1'}`,
	"{\"id\":\"a\tb\",\"name\":\"n\"}",
	``,
	`[]`,
	`"1"`,
}

var weights = []string{"10", "0", "-5", "+7", "007", "100", "", " 1", "1 ", "1.5", "1e3", "0x10", "1_000", "+", "٣",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"}
