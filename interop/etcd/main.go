// A server of etcd 3.6, for `cargo xtask conformance`: Debian's is 3.4.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
